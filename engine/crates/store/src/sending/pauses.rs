//! Until when a platform has asked a channel to rest, so that whoever sends for
//! it next knows.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, attempt::Consequence};

use super::Settled;
use crate::{
    Store, StoreError,
    backend::sql,
    organisation_tx::OrganisationTx,
    rows::{Batch, Time, batch},
};

batch! {
    struct PauseRow { channel_id: ChannelId, ends_at: Time }
}

impl Store {
    pub async fn paused_until(&self, channel_id: ChannelId) -> Result<Option<DateTime<Utc>>, StoreError> {
        let row: Option<(DateTime<Utc>,)> = sql("select ends_at from channel_pauses where channel_id = $1")
            .bind(channel_id)
            .fetch_optional(self)
            .await?;
        Ok(row.map(|(at,)| at))
    }

    /// Forgets pauses that are over.
    pub async fn trim_pauses(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        sql("delete from channel_pauses where ends_at < $1").bind(before).execute(self.writer()).await
    }
}

/// The longest counts.
pub(super) async fn store(tx: &mut OrganisationTx, settled: &[Settled]) -> Result<(), StoreError> {
    let mut pauses: BTreeMap<ChannelId, DateTime<Utc>> = BTreeMap::new();
    for settled in settled {
        if let Consequence::PauseChannel { until } | Consequence::RestChannel { until } = settled.consequence {
            let known = pauses.entry(settled.channel_id).or_insert(until);
            *known = until.max(*known);
        }
    }
    if pauses.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> =
        pauses.into_iter().map(|(channel_id, until)| PauseRow { channel_id, ends_at: until.into() }).collect();
    sql(format!(
        "{} on conflict (channel_id) do update set ends_at = excluded.ends_at \
         where channel_pauses.ends_at < excluded.ends_at",
        PauseRow::insert_into("channel_pauses")
    ))
    .rows(&rows)
    .execute(tx)
    .await
    .map(drop)
}
