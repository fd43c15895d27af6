//! What people wrote on a channel is deleted after its period: text, files and
//! what is known of the writers. That they wrote, when, and how long they waited
//! stays, and so do tickets and what reports add up.

mod people;

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId, MediaId, OrganisationId,
    event::Change,
    platform::{Content, MediaSource},
};
use serde_json::{Value, json};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::sql,
    organisation_tx::OrganisationTx,
    rows::{Id, batch},
    search::forget_messages,
};

/// A channel, also a deleted one, on which something may be due.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    pub id: ChannelId,
    pub organisation_id: OrganisationId,
    pub channel_type: String,
    pub config: Value,
}

#[derive(FromRow)]
struct KeptRow {
    id: Uuid,
    organisation_id: Uuid,
    channel_type: String,
    config: Json<Value>,
}

/// Messages that nothing follows from any more: the others keep their content until they were sent.
const SETTLED: &str = "m.state in ('RECEIVED', 'SENT', 'DELIVERED', 'READ', 'FAILED', 'CANCELLED')";

#[derive(FromRow)]
struct Due {
    id: Uuid,
    conversation_id: Uuid,
    direction: String,
    content: Json<Content>,
}

batch! {
    struct TypeRow<'a> { channel_type: &'a str }
}

impl From<KeptRow> for Kept {
    fn from(row: KeptRow) -> Self {
        let KeptRow { id, organisation_id, channel_type, config: Json(config) } = row;
        Self { id: id.into(), organisation_id: organisation_id.into(), channel_type, config }
    }
}

impl Due {
    /// What was fetched from the platform. A file that was sent may be in several messages, and is the organisation's.
    fn files(&self) -> impl Iterator<Item = MediaId> {
        let came_in = self.direction == "INBOUND";
        self.content.attachments.iter().filter_map(move |attachment| match attachment.source {
            MediaSource::Stored(id) if came_in => Some(id),
            _ => None,
        })
    }
}

impl Store {
    /// Channels of these types, and those that have the setting `named`, by their identifiers after one.
    pub async fn channels_with_retention(
        &self,
        types: &[String],
        named: &str,
        after: Option<ChannelId>,
        limit: u32,
    ) -> Result<Vec<Kept>, StoreError> {
        let types: Vec<_> = types.iter().map(|channel_type| TypeRow { channel_type }).collect();
        let rows: Vec<KeptRow> = sql("select c.id, c.organisation_id, c.channel_type, c.config from channels c \
             where ($3 is null or c.id > $3) and (c.channel_type in (select channel_type from {rows} r) \
             or cast(c.config as text) like $2) order by c.id limit $4")
        .rows(&types)
        .bind(format!("%\"{named}\"%"))
        .bind(after)
        .bind(limit)
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(Kept::from).collect())
    }

    /// Deletes the content of up to `limit` messages that are older; answers of how many.
    pub async fn delete_content(
        &self,
        channel: &Kept,
        before: DateTime<Utc>,
        limit: u32,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let mut tx = OrganisationTx::begin(self, [channel.organisation_id], now).await?;
        let due: Vec<Due> = sql(format!(
            "select m.id, m.conversation_id, m.direction, m.content from messages m where m.channel_id = $1 \
             and m.content_deleted_at is null and m.created_at < $2 and {SETTLED} order by m.created_at limit $3"
        ))
        .bind(channel.id)
        .bind(before)
        .bind(limit)
        .fetch_all(&mut tx)
        .await?;
        if due.is_empty() {
            return Ok(0);
        }
        let ids: Vec<Uuid> = due.iter().map(|due| due.id).collect();
        sql("update messages set content = $2, text = null, metadata = $3, failure = null, \
             sender_name = case when direction = 'INBOUND' then '' else sender_name end, content_deleted_at = $4, updated_at = $4 from {rows} r where messages.id = r.id")
        .rows(&Id::all(&ids))
        .bind(serde_json::to_value(Content::default())?)
        .bind(json!({}))
        .bind(now)
        .execute(&mut tx)
        .await?;
        forget_messages(tx.transaction(), &ids).await?;
        // Who reacted is known by name.
        sql("delete from reactions where message_id in (select id from {rows} r)")
            .rows(&Id::all(&ids))
            .execute(&mut tx)
            .await?;
        let files: Vec<Uuid> = due.iter().flat_map(Due::files).map(MediaId::uuid).collect();
        sql("update media set deleted_at = $2 where id in (select id from {rows} r)")
            .rows(&Id::all(&files))
            .bind(now)
            .execute(&mut tx)
            .await?;
        for Due { id, conversation_id, .. } in &due {
            let change =
                Change::MessageUpdated { conversation_id: (*conversation_id).into(), message_id: (*id).into() };
            tx.push(channel.organisation_id, change)?;
        }
        tx.commit().await?;
        Ok(due.len())
    }

    /// Deletes what else quotes people: notifications, and webhooks that were kept because they could not be read or came
    /// too early. Whoever was asked to look at one is told that it is gone.
    pub async fn delete_quotes(
        &self,
        channel: &Kept,
        before: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = OrganisationTx::begin(self, [channel.organisation_id], now).await?;
        sql("update notifications set title = 'A message', message = '' where organisation_id = $1 \
             and created_at < $2 and message <> '' and data->>'channelId' = $3")
        .bind(channel.organisation_id)
        .bind(before)
        .bind(channel.id.to_string())
        .execute(&mut tx)
        .await?;
        sql("delete from pending_references where channel_id = $1 and created_at < $2")
            .bind(channel.id)
            .bind(before)
            .execute(&mut tx)
            .await?;
        sql("update manual_actions set dead_letter_id = null, detail = $3, resolution = coalesce(resolution, $3), \
             completed_at = coalesce(completed_at, $4), \
             status = case when status = 'PENDING' then 'FAILED' else status end where dead_letter_id in \
             (select id from dead_letters where channel_id = $1 and created_at < $2)")
        .bind(channel.id)
        .bind(before)
        .bind("the webhook was deleted after the channel's period")
        .bind(now)
        .execute(&mut tx)
        .await?;
        sql("delete from dead_letters where channel_id = $1 and created_at < $2")
            .bind(channel.id)
            .bind(before)
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }

    /// Files to be removed, up to `limit`.
    pub async fn deleted_media(&self, limit: u32) -> Result<Vec<MediaId>, StoreError> {
        let ids: Vec<(Uuid,)> = sql("select id from media where deleted_at is not null order by deleted_at limit $1")
            .bind(limit)
            .fetch_all(self)
            .await?;
        Ok(ids.into_iter().map(|(id,)| id.into()).collect())
    }

    /// Their bytes are gone.
    pub async fn forget_media(&self, ids: &[MediaId]) -> Result<u64, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        sql("delete from media where id in (select id from {rows} r)").rows(&Id::all(&ids)).execute(self.writer()).await
    }
}
