//! Applies what refers to messages by the platform's identifier: reactions,
//! edits, deletions, and reports that came first.

use std::borrow::Cow;

use patchbay_domain::{
    conversation::Draft,
    message::{Direction, Message},
};

use super::Accepted;
use crate::{
    StoreError, delivery,
    external_ids::Identified,
    organisation_tx::OrganisationTx,
    references::{self, Reference, Target},
    statuses,
};

pub(super) async fn apply(tx: &mut OrganisationTx, accepted: &[Accepted<'_>]) -> Result<(), StoreError> {
    let references: Vec<_> = (accepted.iter())
        .flat_map(|Accepted { draft, .. }| {
            references(draft).map(|reference| (draft.conversation.channel_id, reference)).collect::<Vec<_>>()
        })
        .collect();
    let named: Vec<_> = references.iter().map(|(channel_id, reference)| (*channel_id, reference)).collect();
    references::apply_or_keep(tx, &named).await
}

fn references(draft: &Draft) -> impl Iterator<Item = Reference<'_>> {
    let effects = &draft.effects;
    let reactions = effects.reactions.iter().map(|reaction| Reference::Reaction(Cow::Borrowed(reaction)));
    let edits = effects.edits.iter().map(|edit| Reference::Edit(Cow::Borrowed(edit)));
    let deletions = effects.deletions.iter().map(|deletion| Reference::Deletion(Cow::Borrowed(deletion)));
    reactions.chain(edits).chain(deletions)
}

/// Reports may have come before the echo that they are about, and reactions, edits and deletions before any message.
pub(super) async fn apply_pending(tx: &mut OrganisationTx, accepted: &[Accepted<'_>]) -> Result<(), StoreError> {
    let messages = || accepted.iter().flat_map(|accepted| &accepted.draft.effects.messages);
    let identified = |direction: Direction| -> Vec<_> {
        let named = messages().filter(|message| message.direction == direction);
        let named = named.filter_map(|message| {
            let external_id = message.external_id.clone()?;
            Some(Identified { message_id: message.id, channel_id: message.channel_id, external_id })
        });
        named.collect()
    };
    let targets = messages().map(|message| {
        let Message { id, conversation_id, organisation_id, .. } = *message;
        (id, Target { id, conversation_id, organisation_id })
    });
    references::apply_pending(tx, &identified(Direction::Inbound), &targets.collect()).await?;
    let echoes = identified(Direction::Outbound);
    if echoes.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = echoes.iter().map(|echo| echo.message_id).collect();
    let mut deliveries = delivery::load(tx, &ids).await?;
    statuses::apply_pending(tx, &mut deliveries, &echoes).await?;
    delivery::store(tx, &deliveries).await
}
