//! What refers to messages by the platform's identifier: reactions, edits and
//! deletions. One that overtakes the identifier of our own send is kept, and
//! applied when the message has it.

use std::{borrow::Cow, collections::BTreeMap};

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId, ConversationId, MessageId, OrganisationId,
    event::Change,
    platform::{Content, MessageEdit, MessageRef, Reaction},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::sql,
    delivery::Delivery,
    external_ids::Identified,
    organisation_tx::OrganisationTx,
    rows::{Batch, Id, Time, batch},
};

/// Stored as it is, so its words must not change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reference<'a> {
    Reaction(Cow<'a, Reaction>),
    Edit(Cow<'a, MessageEdit>),
    Deletion(Cow<'a, MessageRef>),
}

#[derive(Clone, Copy)]
pub(crate) struct Target {
    pub(crate) id: MessageId,
    pub(crate) conversation_id: ConversationId,
    pub(crate) organisation_id: OrganisationId,
}

/// A reference whose message is not known by that identifier.
pub(crate) struct Overtaking<'a> {
    pub(crate) channel_id: ChannelId,
    pub(crate) conversation_id: ConversationId,
    pub(crate) reference: Reference<'a>,
}

batch! {
    struct PendingRow<'a> {
        id: Uuid, channel_id: ChannelId, external_id: &'a str, reference: Value, created_at: Time,
    }
}

batch! {
    struct ExternalId<'a> { channel_id: ChannelId, external_id: &'a str }
}

impl Reference<'_> {
    /// The platform's identifier of the message.
    pub(crate) fn message_id(&self) -> &str {
        match self {
            Self::Reaction(reaction) => &reaction.message.id,
            Self::Edit(edit) => &edit.message.id,
            Self::Deletion(deletion) => &deletion.id,
        }
    }

    pub(crate) async fn apply(&self, tx: &mut OrganisationTx, target: Target) -> Result<(), StoreError> {
        let written = match self {
            Self::Reaction(reaction) => react(tx, target, reaction).await?,
            Self::Edit(edit) => self::edit(tx, target, edit).await?,
            Self::Deletion(_) => delete(tx, target).await?,
        };
        if written == 0 {
            return Ok(());
        }
        let Target { id: message_id, conversation_id, organisation_id } = target;
        tx.push(organisation_id, Change::MessageUpdated { conversation_id, message_id }).map(drop)
    }
}

impl Store {
    /// Forgets reactions, edits and deletions whose message never came.
    pub async fn expire_pending_references(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        sql("delete from pending_references where created_at < $1").bind(before).execute(self.writer()).await
    }
}

/// The latest reaction of each person counts.
async fn react(tx: &mut OrganisationTx, target: Target, reaction: &Reaction) -> Result<u64, StoreError> {
    let Some(emoji) = &reaction.emoji else {
        return sql("delete from reactions where message_id = $1 and sender = $2 and reacted_at <= $3")
            .bind(target.id)
            .bind(&reaction.sender.id)
            .bind(reaction.at)
            .execute(tx)
            .await;
    };
    sql("insert into reactions (message_id, sender, emoji, reacted_at) values ($1, $2, $3, $4) \
         on conflict (message_id, sender) do update set emoji = excluded.emoji, \
         reacted_at = excluded.reacted_at where reactions.reacted_at <= excluded.reacted_at")
    .bind(target.id)
    .bind(&reaction.sender.id)
    .bind(emoji)
    .bind(reaction.at)
    .execute(tx)
    .await
}

async fn edit(tx: &mut OrganisationTx, target: Target, edit: &MessageEdit) -> Result<u64, StoreError> {
    let now = tx.now();
    let known: Option<(Json<Content>,)> = sql("select content from messages where id = $1 and deleted_at is null \
         and content_deleted_at is null and (edited_at is null or edited_at <= $2)")
    .bind(target.id)
    .bind(edit.at)
    .fetch_optional(&mut *tx)
    .await?;
    let Some((Json(known),)) = known else { return Ok(0) };
    let content = known.edited(edit.content.clone());
    sql("update messages set content = $2, text = $3, kind = $4, edited_at = $5, updated_at = $6 where id = $1")
        .bind(target.id)
        .bind(serde_json::to_value(&content)?)
        .bind(content.text.as_ref())
        .bind(content.kind())
        .bind(edit.at)
        .bind(now)
        .execute(tx)
        .await
}

async fn delete(tx: &mut OrganisationTx, target: Target) -> Result<u64, StoreError> {
    let now = tx.now();
    sql("update messages set deleted_at = $2, updated_at = $2 where id = $1 and deleted_at is null")
        .bind(target.id)
        .bind(now)
        .execute(tx)
        .await
}

/// Keeps those that may be about a message of ours whose answer has not come yet. The others are about messages
/// that are not stored: the platform knows more of the past than we do.
pub(crate) async fn keep(tx: &mut OrganisationTx, overtaking: &[Overtaking<'_>]) -> Result<(), StoreError> {
    if overtaking.is_empty() {
        return Ok(());
    }
    let conversations: Vec<_> = overtaking.iter().map(|overtaking| overtaking.conversation_id).collect();
    let sending: Vec<(Uuid,)> = sql("select distinct m.conversation_id from {rows} r \
         join messages m on m.conversation_id = r.id where m.state in ('QUEUED', 'SENDING', 'UNKNOWN') \
         and m.attempts > 0")
    .rows(&Id::all(&conversations))
    .fetch_all(&mut *tx)
    .await?;
    let now = tx.now();
    let mut rows = Vec::new();
    for Overtaking { channel_id, conversation_id, reference } in overtaking {
        if sending.contains(&(conversation_id.uuid(),)) {
            rows.push(PendingRow {
                id: patchbay_domain::uuid_at(now),
                channel_id: *channel_id,
                external_id: reference.message_id(),
                reference: serde_json::to_value(reference)?,
                created_at: now.into(),
            });
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    sql(PendingRow::insert_into("pending_references")).rows(&rows).execute(tx).await.map(drop)
}

/// Applies what waited for these identifiers, in the order in which it came.
pub(crate) async fn apply_pending(
    tx: &mut OrganisationTx,
    deliveries: &BTreeMap<MessageId, Delivery>,
    identified: &[Identified],
) -> Result<(), StoreError> {
    let rows: Vec<_> = identified
        .iter()
        .map(|identified| ExternalId { channel_id: identified.channel_id, external_id: &identified.external_id })
        .collect();
    let mut waiting: Vec<(Uuid, Uuid, Json<Reference<'static>>)> = sql("delete from pending_references \
         where id in (select p.id from {rows} r join pending_references p on p.channel_id = r.channel_id \
         and p.external_id = r.external_id) returning id, channel_id, reference")
    .rows(&rows)
    .fetch_all(&mut *tx)
    .await?;
    waiting.sort_by_key(|(id, ..)| *id);
    for (_, channel_id, Json(reference)) in waiting {
        let named = identified
            .iter()
            .find(|named| named.channel_id.uuid() == channel_id && named.external_id == reference.message_id());
        let Some(delivery) = named.and_then(|named| deliveries.get(&named.message_id)) else { continue };
        let target = Target {
            id: delivery.id,
            conversation_id: delivery.conversation_id,
            organisation_id: delivery.organisation_id,
        };
        reference.apply(tx, target).await?;
    }
    Ok(())
}
