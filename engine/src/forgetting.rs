//! Deleting what people wrote once its channel's period is over. The period is
//! the channel's `retentionDays`, else the default of its connector's schema;
//! without either, nothing is deleted.

use std::time::Duration;

use chrono::{DateTime, Utc};
use patchbay_domain::platform::{Manifest, RETENTION};
use patchbay_plugin_host::Plugins;
use patchbay_store::{Store, StoreError, retention::Kept};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::media::{DiskMedia, DiskMediaError};

/// Channels that are read at once.
const CHANNELS: u32 = 200;
/// Messages, people or files of one transaction.
const AT_ONCE: u32 = 200;
/// So many transactions for one channel; the rest has to wait for the next time.
const ROUNDS: u32 = 50;

pub struct Forgetting {
    pub store: Store,
    pub plugins: Plugins,
    pub media: DiskMedia,
    pub clock: fn() -> DateTime<Utc>,
}

impl Forgetting {
    /// Until stopped.
    pub async fn run(self, every: Duration, stop: CancellationToken) {
        let mut tick = tokio::time::interval(every);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            tokio::select! {
                // What is under way is a transaction, which is undone.
                () = stop.cancelled() => return,
                () = self.forget() => {}
            }
        }
    }

    async fn forget(&self) {
        if let Err(error) = self.channels().await {
            tracing::warn!(%error, "the channels whose content is old could not be read; trying again later");
        }
        if let Err(error) = self.files().await {
            tracing::warn!(%error, "files that are no longer needed could not be removed; trying again later");
        }
    }

    async fn channels(&self) -> Result<(), StoreError> {
        let types = self.plugins.types_where(|manifest| manifest.retention_days(&Value::Null).is_some());
        let mut last = None;
        loop {
            let channels = self.store.channels_with_retention(&types, RETENTION, last, CHANNELS).await?;
            let Some(reached) = channels.last().map(|channel| channel.id) else { return Ok(()) };
            for channel in &channels {
                let Some(before) = self.limit(channel) else { continue };
                if let Err(error) = self.channel(channel, before).await {
                    tracing::warn!(channel.id = %channel.id, %error, "old content could not be deleted; trying again later");
                }
            }
            last = Some(reached);
        }
    }

    /// What is older is deleted.
    fn limit(&self, channel: &Kept) -> Option<DateTime<Utc>> {
        let plugin = self.plugins.get(&channel.channel_type);
        // Also where its connector is gone.
        let own = channel.config.get(RETENTION).and_then(Value::as_u64).and_then(|days| u32::try_from(days).ok());
        let days = plugin.map_or(own, |plugin| Manifest::retention_days(plugin.manifest(), &channel.config))?;
        (self.clock)().checked_sub_days(chrono::Days::new(days.into()))
    }

    async fn channel(&self, channel: &Kept, before: DateTime<Utc>) -> Result<(), StoreError> {
        let store = &self.store;
        let (mut messages, mut people) = (0, 0);
        for _ in 0..ROUNDS {
            let now = (self.clock)();
            let deleted = store.delete_content(channel, before, AT_ONCE, now).await?;
            let forgotten = store.delete_profiles(channel, before, AT_ONCE, now).await?;
            (messages, people) = (messages + deleted, people + forgotten);
            if deleted == 0 && forgotten == 0 {
                break;
            }
        }
        store.delete_quotes(channel, before, (self.clock)()).await?;
        if messages > 0 || people > 0 {
            tracing::info!(channel.id = %channel.id, messages, people, "content was deleted after its period");
            metrics::counter!("patchbay_content_deleted_total").increment(messages as u64);
        }
        Ok(())
    }

    async fn files(&self) -> Result<(), DiskMediaError> {
        for _ in 0..ROUNDS {
            if self.media.remove_deleted(AT_ONCE).await? == 0 {
                break;
            }
        }
        Ok(())
    }
}
