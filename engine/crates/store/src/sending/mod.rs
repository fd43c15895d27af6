//! Sending. The message table is each channel's queue, a job on the bus only
//! wakes its session: here it looks what is due. How attempts are recorded is in
//! `attempts.rs`, how they end in `settle.rs`, what is learned from a failure in
//! `consequences.rs`, what slows a channel down in `pauses.rs`, messages for later
//! in `scheduled.rs`, what people decide in `decisions.rs`, what contacts wish in
//! `wishes.rs`.

mod attempts;
pub(crate) mod consequences;
mod decisions;
mod pauses;
mod scheduled;
mod settle;
mod wishes;

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, ConversationId, message::Message, platform::Participant};
use sqlx::FromRow;
use uuid::Uuid;

pub use attempts::{Begin, Begun, Interrupted};
pub use decisions::Decided;
pub(crate) use scheduled::cancel_batch;
pub use settle::Settled;

use crate::{
    Store, StoreError,
    backend::sql,
    campaigns::turns,
    jobs::Partitions,
    messages::{self, MessageRow},
    rows::Id,
};

/// A message that may be sent now, and all that sending it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    pub message: Message,
    pub thread: String,
    pub group: bool,
    pub last_inbound_at: Option<DateTime<Utc>>,
    pub recipient: Participant,
    pub opted_out: bool,
    pub unreachable: bool,
    /// Made so far.
    pub attempts: u32,
    /// 0 for people, 1 for campaigns.
    pub priority: i64,
}

#[derive(FromRow)]
struct DueRow {
    #[sqlx(flatten)]
    message: MessageRow,
    thread: String,
    is_group: bool,
    last_inbound_at: Option<DateTime<Utc>>,
    recipient: String,
    recipient_name: String,
    recipient_phone: Option<String>,
    recipient_email: Option<String>,
    recipient_username: Option<String>,
    opted_out: bool,
    unreachable: bool,
    attempts: i64,
    priority: i64,
}

impl TryFrom<DueRow> for Due {
    type Error = StoreError;

    fn try_from(row: DueRow) -> Result<Self, StoreError> {
        Ok(Self {
            message: row.message.try_into()?,
            thread: row.thread,
            group: row.is_group,
            last_inbound_at: row.last_inbound_at,
            recipient: Participant {
                id: row.recipient,
                name: Some(row.recipient_name),
                phone: row.recipient_phone,
                email: row.recipient_email,
                username: row.recipient_username,
                ..Participant::default()
            },
            opted_out: row.opted_out,
            unreachable: row.unreachable,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            priority: row.priority,
        })
    }
}

impl Store {
    /// What the channel may send now: people's messages before campaigns', in the order of their commits, and of
    /// each conversation only the first in that order. Nothing of the conversations in `excluding` or of campaigns that
    /// pause, and nothing at all of a channel that is switched off or whose credentials are refused.
    pub async fn due(
        &self,
        channel_id: ChannelId,
        now: DateTime<Utc>,
        limit: u32,
        excluding: &[ConversationId],
    ) -> Result<Vec<Due>, StoreError> {
        let rows: Vec<DueRow> = sql(format!(
            "select {}, c.thread, c.is_group, c.last_inbound_at, i.external_id as recipient, \
             i.name as recipient_name, i.phone as recipient_phone, i.email as recipient_email, \
             i.username as recipient_username, i.opted_out_at is not null as opted_out, \
             i.unreachable_at is not null as unreachable, m.attempts, m.priority \
             from (select q.id from messages q where q.channel_id = $2 and q.state = 'QUEUED' and q.due_at <= $3 \
             and q.conversation_id not in (select id from {{rows}} r) \
             and exists (select 1 from channels h where h.id = q.channel_id and h.status = 'ACTIVE') \
             and not {} and not exists (select 1 from messages a where a.conversation_id = q.conversation_id \
             and a.state in ('QUEUED', 'SENDING') and (a.state = 'SENDING' or a.priority < q.priority \
             or (a.priority = q.priority and a.sequence < q.sequence)) and not (a.state = 'QUEUED' and {})) \
             order by q.priority, q.sequence limit $4) d join messages m on m.id = d.id \
             join conversations c on c.id = m.conversation_id join identities i on i.id = c.identity_id \
             order by m.priority, m.sequence",
            messages::COLUMNS,
            turns::paused("q"),
            turns::paused("a"),
        ))
        .rows(&Id::all(excluding))
        .bind(channel_id)
        .bind(now)
        .bind(limit)
        .fetch_all(self)
        .await?;
        rows.into_iter().map(Due::try_from).collect()
    }

    /// When the next message of the channel's queue is due that is not due yet.
    pub async fn next_due_at(
        &self,
        channel_id: ChannelId,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let (at,): (Option<DateTime<Utc>>,) = sql("select min(due_at) from messages \
             where channel_id = $1 and state = 'QUEUED' and due_at > $2")
        .bind(channel_id)
        .bind(now)
        .fetch_one(self)
        .await?;
        Ok(at)
    }

    /// Channels of these partitions that have something on its way, or something in their queue that they may
    /// send; where they are deleted, something that has to be cancelled.
    pub async fn channels_with_work(
        &self,
        partitions: Partitions,
        owned: &[u32],
    ) -> Result<Vec<ChannelId>, StoreError> {
        let ids: Vec<(Uuid,)> =
            sql("select c.id from channels c where ((c.status = 'ACTIVE' or c.deleted_at is not null) \
             and exists (select 1 from messages m where m.channel_id = c.id and m.state = 'QUEUED')) or exists \
             (select 1 from messages m where m.channel_id = c.id and m.state = 'SENDING') order by c.id")
            .fetch_all(self)
            .await?;
        let channels = ids.into_iter().map(|(id,)| ChannelId::from(id));
        Ok(channels.filter(|channel| owned.contains(&partitions.of(*channel))).collect())
    }

    /// How many of people's messages wait to be sent on a channel, up to `limit`.
    pub async fn count_queued(&self, channel_id: ChannelId, limit: u32) -> Result<u32, StoreError> {
        let (count,): (i64,) = sql("select count(*) from (select 1 from messages where channel_id = $1 \
             and state = 'QUEUED' and priority = 0 limit $2) counted")
        .bind(channel_id)
        .bind(limit)
        .fetch_one(self)
        .await?;
        Ok(u32::try_from(count).unwrap_or(limit))
    }
}
