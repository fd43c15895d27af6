//! What refers to messages by the platform's identifier: reactions, edits and
//! deletions. One that overtakes its message, or the identifier of our own
//! send, is kept, and applied when a message has that identifier.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId, ConversationId, MessageId, OrganisationId,
    event::Change,
    platform::{Content, MessageEdit, MessageRef, Reaction},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::sql,
    external_ids::Identified,
    organisation_tx::OrganisationTx,
    rows::{Time, batch},
    search::{Indexed, forget_messages, index_message},
};

/// What refers to a message. Stored as it is, so its words must not change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference<'a> {
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

/// So many may wait for one message: more than a group's members do to one in a week.
const WAITING: u32 = 1_000;

/// A reference whose message is not known by that identifier.
pub(crate) struct Overtaking<'a> {
    pub(crate) channel_id: ChannelId,
    pub(crate) reference: &'a Reference<'a>,
}

batch! {
    struct PendingRow<'a> {
        id: Uuid, channel_id: ChannelId, external_id: &'a str, reference: Value, created_at: Time,
    }
}

#[derive(FromRow)]
struct Referred {
    channel_id: Uuid,
    external_id: String,
    id: Uuid,
    conversation_id: Uuid,
    organisation_id: Uuid,
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
    /// Applies what refers to messages of a channel, or keeps it for them.
    pub async fn keep_references(
        &self,
        channel_id: ChannelId,
        references: &[Reference<'_>],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = OrganisationTx::begin_for_channels(self, [channel_id], now).await?;
        let named: Vec<_> = references.iter().map(|reference| (channel_id, reference)).collect();
        apply_or_keep(&mut tx, &named).await?;
        tx.commit().await
    }

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
    let known: Option<(Json<Content>, Uuid, i64)> = sql("select content, channel_id, sequence from messages \
         where id = $1 and deleted_at is null and content_deleted_at is null \
         and (edited_at is null or edited_at <= $2)")
    .bind(target.id)
    .bind(edit.at)
    .fetch_optional(&mut *tx)
    .await?;
    let Some((Json(known), channel_id, sequence)) = known else { return Ok(0) };
    let content = known.edited(edit.content.clone());
    let Target { id, conversation_id, organisation_id } = target;
    let indexed =
        Indexed { id, organisation_id, channel_id: channel_id.into(), conversation_id, sequence, content: &content };
    index_message(tx.transaction(), indexed).await?;
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
    forget_messages(tx.transaction(), &[target.id.uuid()]).await?;
    sql("update messages set deleted_at = $2, updated_at = $2 where id = $1 and deleted_at is null")
        .bind(target.id)
        .bind(now)
        .execute(tx)
        .await
}

pub(crate) async fn apply_or_keep(
    tx: &mut OrganisationTx,
    references: &[(ChannelId, &Reference<'_>)],
) -> Result<(), StoreError> {
    let messages = find(tx, references).await?;
    let mut overtaking = Vec::new();
    for (channel_id, reference) in references {
        match messages.get(&(*channel_id, reference.message_id().to_owned())) {
            Some(target) => reference.apply(tx, *target).await?,
            None => overtaking.push(Overtaking { channel_id: *channel_id, reference }),
        }
    }
    keep(tx, &overtaking).await
}

async fn find(
    tx: &mut OrganisationTx,
    references: &[(ChannelId, &Reference<'_>)],
) -> Result<HashMap<(ChannelId, String), Target>, StoreError> {
    let rows: Vec<_> = references
        .iter()
        .map(|(channel_id, reference)| ExternalId { channel_id: *channel_id, external_id: reference.message_id() })
        .collect();
    if rows.is_empty() {
        return Ok(HashMap::new());
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

/// Keeps them for their messages: whether one comes yet, or the platform knows more of the past than we do, only time
/// tells.
pub(crate) async fn keep(tx: &mut OrganisationTx, overtaking: &[Overtaking<'_>]) -> Result<(), StoreError> {
    if overtaking.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    let mut rows = Vec::with_capacity(overtaking.len());
    for Overtaking { channel_id, reference } in overtaking {
        rows.push(PendingRow {
            id: patchbay_domain::uuid_at(now),
            channel_id: *channel_id,
            external_id: reference.message_id(),
            reference: serde_json::to_value(reference)?,
            created_at: now.into(),
        });
    }
    let kept = sql("insert into pending_references (id, channel_id, external_id, reference, created_at) \
         select r.id, r.channel_id, r.external_id, r.reference, r.created_at from {rows} r \
         where (select count(*) from pending_references p where p.channel_id = r.channel_id \
         and p.external_id = r.external_id) < $2")
    .rows(&rows)
    .bind(WAITING)
    .execute(tx)
    .await?;
    let dropped = (rows.len() as u64).saturating_sub(kept);
    if dropped > 0 {
        tracing::warn!(dropped, "what refers to a message that has not come was not kept: too much waits for it");
    }
    Ok(())
}

/// Applies what waited for these identifiers, in the order in which it came.
pub(crate) async fn apply_pending(
    tx: &mut OrganisationTx,
    identified: &[Identified],
    targets: &BTreeMap<MessageId, Target>,
) -> Result<(), StoreError> {
    if identified.is_empty() {
        return Ok(());
    }
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
        if let Some(target) = named.and_then(|named| targets.get(&named.message_id)) {
            reference.apply(tx, *target).await?;
        }
    }
    Ok(())
}
