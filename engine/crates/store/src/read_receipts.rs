//! What platforms are still to be told of reading: of each conversation the newest message that somebody here has read.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, ConversationId, MessageId, OrganisationId, platform::MessageRef};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::sql,
    rows::{Time, batch},
};

/// What it is time to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub conversation_id: ConversationId,
    pub message_id: MessageId,
    pub channel_id: ChannelId,
    /// The message in the platform's words.
    pub message: MessageRef,
    /// Made before this one.
    pub tries: u32,
}

/// A conversation in its platform's words, to show there that somebody types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypingPlace {
    pub channel_id: ChannelId,
    pub thread: String,
    /// The other side's newest message.
    pub last_message: Option<String>,
}

batch! {
    struct ReceiptRow { conversation_id: ConversationId, message_id: MessageId, tries: i64, due_at: Time }
}

#[derive(FromRow)]
struct Stored {
    conversation_id: Uuid,
    message_id: Uuid,
    channel_id: Uuid,
    thread: String,
    external_id: String,
    tries: i64,
}

impl From<Stored> for Receipt {
    fn from(row: Stored) -> Self {
        Self {
            conversation_id: row.conversation_id.into(),
            message_id: row.message_id.into(),
            channel_id: row.channel_id.into(),
            message: MessageRef { thread: row.thread, id: row.external_id },
            tries: u32::try_from(row.tries).unwrap_or(u32::MAX),
        }
    }
}

impl Store {
    /// Notes that the platform is to be told what was read in this conversation. False where it was noted before, or
    /// where the other side has written nothing.
    pub async fn want_receipt(&self, id: ConversationId, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let written = sql("insert into read_receipts (conversation_id, message_id, tries, due_at) \
             select c.id, m.id, 0, $2 from conversations c join messages m on m.id = (select n.id from messages n \
             where n.conversation_id = c.id and n.direction = 'INBOUND' and n.external_id is not null \
             and n.sequence <= c.read_through order by n.platform_at desc, n.sequence desc limit 1) where c.id = $1 \
             on conflict (conversation_id) do update set message_id = excluded.message_id, tries = 0, \
             due_at = excluded.due_at where read_receipts.message_id <> excluded.message_id")
        .bind(id)
        .bind(now)
        .execute(self.writer())
        .await?;
        Ok(written > 0)
    }

    /// What it is time to tell. Each is somebody else's to tell only after `until`.
    pub async fn take_receipts(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Receipt>, StoreError> {
        let due: Vec<Stored> = sql("select r.conversation_id, r.message_id, c.channel_id, c.thread, m.external_id, \
             r.tries from read_receipts r join conversations c on c.id = r.conversation_id \
             join messages m on m.id = r.message_id where r.due_at <= $1 order by r.due_at limit $2")
        .bind(now)
        .bind(limit)
        .fetch_all(self)
        .await?;
        let row = |stored: &Stored| ReceiptRow {
            conversation_id: stored.conversation_id.into(),
            message_id: stored.message_id.into(),
            tries: stored.tries,
            due_at: until.into(),
        };
        let rows: Vec<_> = due.iter().map(row).collect();
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        // Of two nodes that saw it, one has it.
        let taken: Vec<(Uuid,)> = sql("update read_receipts set tries = r.tries + 1, due_at = r.due_at from {rows} r \
             where read_receipts.conversation_id = r.conversation_id and read_receipts.message_id = r.message_id \
             and read_receipts.tries = r.tries and read_receipts.due_at is not null \
             returning read_receipts.conversation_id")
        .rows(&rows)
        .fetch_all(self.writer())
        .await?;
        let mut due: BTreeMap<Uuid, Stored> = due.into_iter().map(|row| (row.conversation_id, row)).collect();
        Ok(taken.into_iter().filter_map(|(id,)| due.remove(&id)).map(Receipt::from).collect())
    }

    /// It was told, or will not be; or it is told again at a time. What was read since is told nonetheless.
    pub async fn settle_receipt(&self, receipt: &Receipt, again: Option<DateTime<Utc>>) -> Result<(), StoreError> {
        sql("update read_receipts set due_at = $3 where conversation_id = $1 and message_id = $2")
            .bind(receipt.conversation_id)
            .bind(receipt.message_id)
            .bind(again)
            .execute(self.writer())
            .await
            .map(drop)
    }

    pub async fn typing_place(
        &self,
        organisation_id: OrganisationId,
        id: ConversationId,
    ) -> Result<Option<TypingPlace>, StoreError> {
        let found: Option<(Uuid, String, Option<String>)> = sql("select c.channel_id, c.thread, \
             (select n.external_id from messages n where n.conversation_id = c.id and n.direction = 'INBOUND' \
             and n.external_id is not null order by n.platform_at desc, n.sequence desc limit 1) \
             from conversations c where c.organisation_id = $1 and c.id = $2")
        .bind(organisation_id)
        .bind(id)
        .fetch_optional(self)
        .await?;
        let place = |(channel, thread, last_message): (Uuid, String, _)| TypingPlace {
            channel_id: channel.into(),
            thread,
            last_message,
        };
        Ok(found.map(place))
    }
}
