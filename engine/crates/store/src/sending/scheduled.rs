//! Messages for later, and messages that are not to be sent after all.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId, ConversationId, MessageId, OrganisationId, delivery::MessageState, event::Change, platform::Content,
};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    audit::{self, NewAudit},
    backend::sql,
    delivery,
    organisation_tx::OrganisationTx,
    rows::{Id, batch},
    search::{Indexed, forget_messages, index_messages},
};

/// Messages of a deleted channel that are cancelled in one transaction.
const CANCEL_BATCH: u32 = 1_000;

#[derive(FromRow)]
struct Scheduled {
    id: Uuid,
    organisation_id: Uuid,
    channel_id: Uuid,
    conversation_id: Uuid,
    content: Json<Content>,
}

batch! {
    struct ReleasedRow { id: MessageId, sequence: i64 }
}

batch! {
    struct LastRow { id: ConversationId, message_id: MessageId }
}

impl Store {
    /// Moves due scheduled messages into their queues, where they have the place of the moment of their release.
    pub async fn release_scheduled(
        &self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<(ChannelId, MessageId)>, StoreError> {
        let organisations: Vec<(Uuid,)> = sql("select distinct d.organisation_id from (select organisation_id \
             from messages where state = 'SCHEDULED' and due_at <= $1 order by due_at limit $2) d")
        .bind(now)
        .bind(limit)
        .fetch_all(self)
        .await?;
        if organisations.is_empty() {
            return Ok(Vec::new());
        }
        let organisations: Vec<OrganisationId> = organisations.into_iter().map(|(id,)| id.into()).collect();
        let mut tx = OrganisationTx::begin(self, organisations.iter().copied(), now).await?;
        let due: Vec<Scheduled> = sql("select m.id, m.organisation_id, m.channel_id, m.conversation_id, m.content \
             from messages m where m.state = 'SCHEDULED' and m.due_at <= $2 \
             and m.organisation_id in (select id from {rows} r) order by m.due_at, m.sequence limit $3 {lock}")
        .rows(&Id::all(&organisations))
        .bind(now)
        .bind(limit)
        .fetch_all(&mut tx)
        .await?;
        release(&mut tx, &due).await?;
        tx.commit().await?;
        Ok(due.into_iter().map(|row| (row.channel_id.into(), row.id.into())).collect())
    }

    /// False where it is not waiting any more, or of another organisation.
    pub async fn cancel_message(
        &self,
        organisation_id: OrganisationId,
        id: MessageId,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        let cancelled: Option<(Uuid,)> = sql("update messages set state = 'CANCELLED', due_at = null, \
             updated_at = $3 where organisation_id = $1 and id = $2 and state in ('SCHEDULED', 'QUEUED') \
             returning conversation_id")
        .bind(organisation_id)
        .bind(id)
        .bind(now)
        .fetch_optional(&mut tx)
        .await?;
        let Some((conversation_id,)) = cancelled else { return Ok(false) };
        sql("delete from jobs where key = $1").bind(id).execute(&mut tx).await?;
        sql("update campaign_recipients set status = 'SKIPPED', reason = 'CANCELLED' where message_id = $1")
            .bind(id)
            .execute(&mut tx)
            .await?;
        let state = MessageState::Cancelled;
        let change = Change::MessageState { conversation_id: conversation_id.into(), message_id: id, state };
        tx.push(organisation_id, change)?;
        audit::insert(&mut tx, audit.as_slice(), now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Cancels what waits on a deleted channel, batch by batch, and answers how much that was.
    pub async fn cancel_waiting(&self, channel_id: ChannelId, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut cancelled = 0;
        loop {
            let mut tx = OrganisationTx::begin_for_channels(self, [channel_id], now).await?;
            let batch = cancel_batch(&mut tx, channel_id).await?;
            tx.commit().await?;
            cancelled += batch;
            if batch < u64::from(CANCEL_BATCH) {
                return Ok(cancelled);
            }
        }
    }
}

/// Cancels the first messages that wait on the channel, if it is deleted.
pub(crate) async fn cancel_batch(tx: &mut OrganisationTx, channel_id: ChannelId) -> Result<u64, StoreError> {
    let waiting: Vec<(Uuid,)> = sql("select m.id from messages m join channels c on c.id = m.channel_id \
         where m.channel_id = $1 and m.state in ('QUEUED', 'SCHEDULED') and c.deleted_at is not null \
         order by m.id limit $2")
    .bind(channel_id)
    .bind(CANCEL_BATCH)
    .fetch_all(&mut *tx)
    .await?;
    let ids: Vec<MessageId> = waiting.into_iter().map(|(id,)| id.into()).collect();
    let mut deliveries = delivery::load(tx, &ids).await?;
    let mut cancelled = 0;
    for delivery in deliveries.values_mut() {
        // An attempt may have begun since they were looked for.
        if matches!(delivery.state, MessageState::Queued | MessageState::Scheduled) {
            delivery.due_at = None;
            delivery.move_to(MessageState::Cancelled);
            cancelled += 1;
        }
    }
    delivery::store(tx, &deliveries).await?;
    Ok(cancelled)
}

async fn release(tx: &mut OrganisationTx, due: &[Scheduled]) -> Result<(), StoreError> {
    if due.is_empty() {
        return Ok(());
    }
    let mut released = Vec::with_capacity(due.len());
    let mut indexed = Vec::with_capacity(due.len());
    let mut last = BTreeMap::new();
    for row in due {
        let (message_id, conversation_id) = (row.id.into(), row.conversation_id.into());
        let organisation_id = row.organisation_id.into();
        let change = Change::MessageState { conversation_id, message_id, state: MessageState::Queued };
        let sequence = tx.push(organisation_id, change)?;
        released.push(ReleasedRow { id: message_id, sequence });
        indexed.push(Indexed {
            id: message_id,
            organisation_id,
            channel_id: row.channel_id.into(),
            conversation_id,
            sequence,
            content: &row.content,
        });
        last.insert(conversation_id, message_id);
    }
    let last: Vec<_> = last.into_iter().map(|(id, message_id)| LastRow { id, message_id }).collect();
    let now = tx.now();
    sql("update messages set state = 'QUEUED', sequence = r.sequence, platform_at = $2, updated_at = $2 \
         from {rows} r where messages.id = r.id")
    .rows(&released)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    // A search reads backwards by the sequence, and goes on behind that of the last it found.
    let ids: Vec<Uuid> = due.iter().map(|row| row.id).collect();
    forget_messages(tx.transaction(), &ids).await?;
    index_messages(tx.transaction(), indexed).await?;
    // A conversation in memory has to see it.
    sql("update conversations set last_message_id = r.message_id, last_message_at = $2, deleted_at = null, \
         version = version + 1, updated_at = $2 from {rows} r where conversations.id = r.id")
    .rows(&last)
    .bind(now)
    .execute(tx)
    .await
    .map(drop)
}
