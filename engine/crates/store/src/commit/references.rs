//! Applies what refers to messages by the platform's identifier: reactions,
//! edits, deletions, and reports that came first.

use std::collections::HashMap;

use patchbay_domain::{
    ChannelId, ConversationId, MessageId, OrganisationId,
    event::Change,
    message::Direction,
    platform::{MessageEdit, Reaction},
};
use sqlx::FromRow;
use uuid::Uuid;

use super::Accepted;
use crate::{
    StoreError, backend::sql, delivery, external_ids::Identified, organisation_tx::OrganisationTx, rows::batch,
    statuses,
};

batch! {
    struct ReferenceRow<'a> { channel_id: ChannelId, external_id: &'a str }
}

#[derive(FromRow)]
struct Referred {
    channel_id: Uuid,
    external_id: String,
    id: Uuid,
    conversation_id: Uuid,
    organisation_id: Uuid,
}

#[derive(Clone, Copy)]
struct Message {
    id: MessageId,
    conversation_id: ConversationId,
    organisation_id: OrganisationId,
}

type Messages = HashMap<(ChannelId, String), Message>;

/// What refers to a message that is not stored is left out: the platform knows more of the past than we do.
pub(super) async fn apply(tx: &mut OrganisationTx, accepted: &[Accepted<'_>]) -> Result<(), StoreError> {
    let messages = find(tx, accepted).await?;
    for Accepted { draft, .. } in accepted {
        let channel_id = draft.conversation.channel_id;
        let find = |id: &str| messages.get(&(channel_id, id.to_owned())).copied();
        for reaction in &draft.effects.reactions {
            if let Some(message) = find(&reaction.message.id) {
                react(tx, message, reaction).await?;
            }
        }
        for edit in &draft.effects.edits {
            if let Some(message) = find(&edit.message.id) {
                self::edit(tx, message, edit).await?;
            }
        }
        for deletion in &draft.effects.deletions {
            if let Some(message) = find(&deletion.id) {
                delete(tx, message).await?;
            }
        }
    }
    Ok(())
}

async fn find(tx: &mut OrganisationTx, accepted: &[Accepted<'_>]) -> Result<Messages, StoreError> {
    let mut rows = Vec::new();
    for Accepted { draft, .. } in accepted {
        let effects = &draft.effects;
        let reactions = effects.reactions.iter().map(|reaction| &reaction.message);
        let edits = effects.edits.iter().map(|edit| &edit.message);
        for message in reactions.chain(edits).chain(&effects.deletions) {
            rows.push(ReferenceRow { channel_id: draft.conversation.channel_id, external_id: &message.id });
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
        let message =
            Message { id: id.into(), conversation_id: conversation_id.into(), organisation_id: organisation_id.into() };
        ((channel_id.into(), external_id), message)
    });
    Ok(messages.collect())
}

/// The latest reaction of each person counts.
async fn react(tx: &mut OrganisationTx, message: Message, reaction: &Reaction) -> Result<(), StoreError> {
    let written = match &reaction.emoji {
        Some(emoji) => {
            sql("insert into reactions (message_id, sender, emoji, reacted_at) values ($1, $2, $3, $4) \
                 on conflict (message_id, sender) do update set emoji = excluded.emoji, \
                 reacted_at = excluded.reacted_at where reactions.reacted_at <= excluded.reacted_at")
            .bind(message.id)
            .bind(&reaction.sender.id)
            .bind(emoji)
            .bind(reaction.at)
            .execute(&mut *tx)
            .await?
        }
        None => {
            sql("delete from reactions where message_id = $1 and sender = $2 and reacted_at <= $3")
                .bind(message.id)
                .bind(&reaction.sender.id)
                .bind(reaction.at)
                .execute(&mut *tx)
                .await?
        }
    };
    updated(tx, message, written)
}

async fn edit(tx: &mut OrganisationTx, message: Message, edit: &MessageEdit) -> Result<(), StoreError> {
    let now = tx.now();
    let written = sql("update messages set content = $2, text = $3, kind = $4, edited_at = $5, updated_at = $6 \
         where id = $1 and deleted_at is null and (edited_at is null or edited_at <= $5)")
    .bind(message.id)
    .bind(serde_json::to_value(&edit.content)?)
    .bind(edit.content.text.as_ref())
    .bind(edit.content.kind())
    .bind(edit.at)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    updated(tx, message, written)
}

async fn delete(tx: &mut OrganisationTx, message: Message) -> Result<(), StoreError> {
    let now = tx.now();
    let written = sql("update messages set deleted_at = $2, updated_at = $2 where id = $1 and deleted_at is null")
        .bind(message.id)
        .bind(now)
        .execute(&mut *tx)
        .await?;
    updated(tx, message, written)
}

fn updated(tx: &mut OrganisationTx, message: Message, written: u64) -> Result<(), StoreError> {
    if written == 0 {
        return Ok(());
    }
    let Message { id: message_id, conversation_id, organisation_id } = message;
    tx.push(organisation_id, Change::MessageUpdated { conversation_id, message_id }).map(drop)
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
