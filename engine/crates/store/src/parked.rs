//! Webhooks of channels that cannot keep up: taken off the bus, so that they
//! hold nobody up, and kept here in order until their channel has room.

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, WebhookId};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::sql,
    jobs::Partitions,
    rows::{Batch, Id, Time, batch},
};

#[derive(Clone, Copy, Debug)]
pub struct NewParked<'a> {
    pub channel_id: ChannelId,
    pub webhook_id: WebhookId,
    pub envelope: &'a str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// Ascending in the order of parking.
    pub id: i64,
    pub webhook_id: WebhookId,
    pub envelope: String,
}

batch! {
    struct ParkedRow<'a> {
        channel_id: ChannelId, webhook_id: Uuid, envelope: &'a str, bytes: i64, parked_at: Time,
    }
}

batch! {
    struct ParkedId { id: i64 }
}

#[derive(FromRow)]
struct StoredParked {
    id: i64,
    webhook_id: Uuid,
    envelope: String,
}

impl From<StoredParked> for Parked {
    fn from(row: StoredParked) -> Self {
        let StoredParked { id, webhook_id, envelope } = row;
        Self { id, webhook_id: webhook_id.into(), envelope }
    }
}

impl Store {
    /// Parks the webhooks behind those that are, in the order given, and answers the id of each. One that is parked
    /// already keeps its place.
    pub async fn park_webhooks(&self, webhooks: &[NewParked<'_>], now: DateTime<Utc>) -> Result<Vec<i64>, StoreError> {
        if webhooks.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<_> = webhooks
            .iter()
            .map(|NewParked { channel_id, webhook_id, envelope }| ParkedRow {
                channel_id: *channel_id,
                webhook_id: webhook_id.uuid(),
                envelope,
                bytes: i64::try_from(envelope.len()).unwrap_or(i64::MAX),
                parked_at: now.into(),
            })
            .collect();
        let mut transaction = self.begin().await?;
        sql(format!("{} on conflict (webhook_id) do nothing", ParkedRow::insert_into("parked_webhooks")))
            .rows(&rows)
            .execute(&mut transaction)
            .await?;
        let wanted: Vec<Uuid> = webhooks.iter().map(|webhook| webhook.webhook_id.uuid()).collect();
        let parked: Vec<(Uuid, i64)> =
            sql("select p.webhook_id, p.id from {rows} r join parked_webhooks p on p.webhook_id = r.id")
                .rows(&Id::all(&wanted))
                .fetch_all(&mut transaction)
                .await?;
        transaction.commit().await?;
        let ids: std::collections::HashMap<Uuid, i64> = parked.into_iter().collect();
        let id = |webhook: &Uuid| {
            let id = ids.get(webhook).copied();
            id.ok_or_else(|| StoreError::Unreadable(format!("webhook {webhook} was parked and is not there")))
        };
        wanted.iter().map(id).collect()
    }

    /// The channel's next parked webhooks after the one with this id, in order: at most `limit`, and none behind
    /// those that together reach `bytes`. The first comes however large it is.
    pub async fn parked_webhooks(
        &self,
        channel_id: ChannelId,
        after: i64,
        limit: u32,
        bytes: i64,
    ) -> Result<Vec<Parked>, StoreError> {
        // The sizes are summed up before an envelope is read.
        let rows: Vec<StoredParked> = sql("select p.id, p.webhook_id, p.envelope from \
             (select id, sum(bytes) over (order by id) - bytes as before from \
             (select id, bytes from parked_webhooks where channel_id = $1 and id > $2 order by id limit $3) n) s \
             join parked_webhooks p on p.id = s.id where s.before < $4 order by p.id")
        .bind(channel_id)
        .bind(after)
        .bind(limit)
        .bind(bytes)
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(Parked::from).collect())
    }

    /// They are done.
    pub async fn delete_parked(&self, ids: &[i64]) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = ids.iter().map(|id| ParkedId { id: *id }).collect();
        sql("delete from parked_webhooks where id in (select id from {rows} r)")
            .rows(&ids)
            .execute(self.writer())
            .await
            .map(drop)
    }

    /// Channels of these partitions that have parked webhooks; also channels that are deleted.
    pub async fn channels_with_parked(
        &self,
        partitions: Partitions,
        owned: &[u32],
    ) -> Result<Vec<ChannelId>, StoreError> {
        let ids: Vec<(Uuid,)> = sql("select c.id from channels c where exists \
             (select 1 from parked_webhooks p where p.channel_id = c.id) order by c.id")
        .fetch_all(self)
        .await?;
        let channels = ids.into_iter().map(|(id,)| ChannelId::from(id));
        Ok(channels.filter(|channel| owned.contains(&partitions.of(*channel))).collect())
    }
}
