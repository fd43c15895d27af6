//! Applies what refers to messages by the platform's identifier: reactions,
//! edits, deletions, and reports that came first.

use std::{borrow::Cow, collections::HashMap};

use patchbay_domain::{ChannelId, conversation::Draft, message::Direction};
use sqlx::FromRow;
use uuid::Uuid;

use super::Accepted;
use crate::{
    StoreError,
    backend::sql,
    delivery,
    external_ids::Identified,
    organisation_tx::OrganisationTx,
    references::{self, Overtaking, Reference, Target},
    rows::batch,
    statuses,
};

batch! {
    struct ReferenceRow { channel_id: ChannelId, external_id: String }
}

#[derive(FromRow)]
struct Referred {
    channel_id: Uuid,
    external_id: String,
    id: Uuid,
    conversation_id: Uuid,
    organisation_id: Uuid,
}

type Messages = HashMap<(ChannelId, String), Target>;

pub(super) async fn apply(tx: &mut OrganisationTx, accepted: &[Accepted<'_>]) -> Result<(), StoreError> {
    let messages = find(tx, accepted).await?;
    let mut overtaking = Vec::new();
    for Accepted { draft, .. } in accepted {
        let (channel_id, conversation_id) = (draft.conversation.channel_id, draft.conversation.id);
        for reference in references(draft) {
            match messages.get(&(channel_id, reference.message_id().to_owned())) {
                Some(target) => reference.apply(tx, *target).await?,
                None => overtaking.push(Overtaking { channel_id, conversation_id, reference }),
            }
        }
    }
    references::keep(tx, &overtaking).await
}

fn references(draft: &Draft) -> impl Iterator<Item = Reference<'_>> {
    let effects = &draft.effects;
    let reactions = effects.reactions.iter().map(|reaction| Reference::Reaction(Cow::Borrowed(reaction)));
    let edits = effects.edits.iter().map(|edit| Reference::Edit(Cow::Borrowed(edit)));
    let deletions = effects.deletions.iter().map(|deletion| Reference::Deletion(Cow::Borrowed(deletion)));
    reactions.chain(edits).chain(deletions)
}

async fn find(tx: &mut OrganisationTx, accepted: &[Accepted<'_>]) -> Result<Messages, StoreError> {
    let mut rows = Vec::new();
    for Accepted { draft, .. } in accepted {
        for reference in references(draft) {
            let external_id = reference.message_id().to_owned();
            rows.push(ReferenceRow { channel_id: draft.conversation.channel_id, external_id });
        }
    }
    if rows.is_empty() {
        return Ok(Messages::new());
    }
    let found: Vec<Referred> = sql("with r as (select * from {rows} r) \
         select r.channel_id, r.external_id, m.id, m.conversation_id, m.organisation_id from r \
         join messages m on m.channel_id = r.channel_id and m.external_id = r.external_id \
         union select r.channel_id, r.external_id, m.id, m.conversation_id, m.organisation_id from r \
         join message_aliases a on a.channel_id = r.channel_id and a.external_id = r.external_id \
         join messages m on m.id = a.message_id")
    .rows(&rows)
    .fetch_all(tx)
    .await?;
    let messages = found.into_iter().map(|row| {
        let Referred { channel_id, external_id, id, conversation_id, organisation_id } = row;
        let target =
            Target { id: id.into(), conversation_id: conversation_id.into(), organisation_id: organisation_id.into() };
        ((channel_id.into(), external_id), target)
    });
    Ok(messages.collect())
}

/// Reports may have come before the echo that they are about.
pub(super) async fn apply_pending(tx: &mut OrganisationTx, accepted: &[Accepted<'_>]) -> Result<(), StoreError> {
    let echoes: Vec<_> = (accepted.iter().flat_map(|accepted| &accepted.draft.effects.messages))
        .filter(|message| message.direction == Direction::Outbound)
        .filter_map(|message| {
            let external_id = message.external_id.clone()?;
            Some(Identified { message_id: message.id, channel_id: message.channel_id, external_id })
        })
        .collect();
    if echoes.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = echoes.iter().map(|echo| echo.message_id).collect();
    let mut deliveries = delivery::load(tx, &ids).await?;
    statuses::apply_pending(tx, &mut deliveries, &echoes).await?;
    delivery::store(tx, &deliveries).await
}
