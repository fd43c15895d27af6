//! Moves what is due to where it is worked. With a broker it carries the outbox
//! of this node's partitions to their queues: read, publish, and delete only
//! what was confirmed, so that a job may come twice and never not at all. On
//! every size it releases scheduled messages when their time has come.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use patchbay_domain::{ChannelId, MessageId};
use patchbay_store::{Store, StoreError, jobs::Job};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{Bus, BusError, Direction, Publication, Rabbit, backoff::Backoff};
use crate::{ingress::envelope::Outbound, membership::OwnedPartitions};

/// Jobs and scheduled messages moved at once.
const BATCH: u32 = 200;
/// How often an idle outbox is looked at, for what was committed elsewhere or has become due.
const SOON: Duration = Duration::from_millis(100);
const LATER: Duration = Duration::from_millis(500);
const SCHEDULE: Duration = Duration::from_millis(500);

#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error(transparent)]
    Bus(#[from] BusError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a wake-up cannot be written: {0}")]
    Payload(#[from] serde_json::Error),
}

#[derive(Clone)]
pub struct Relay {
    bus: Bus,
    store: Store,
    owned: watch::Receiver<Arc<OwnedPartitions>>,
    clock: fn() -> DateTime<Utc>,
}

impl Relay {
    pub fn new(
        bus: Bus,
        store: Store,
        owned: watch::Receiver<Arc<OwnedPartitions>>,
        clock: fn() -> DateTime<Utc>,
    ) -> Self {
        Self { bus, store, owned, clock }
    }

    /// Moves what is due until stopped. It may be stopped anywhere: what was not deleted is carried again.
    pub async fn run(self, stop: CancellationToken) {
        let outbox = async {
            match &self.bus {
                Bus::Rabbit(rabbit) => self.clone().carry_always(rabbit).await,
                // The consumers read the outbox themselves.
                Bus::Tables(_) => std::future::pending().await,
            }
        };
        let work = async { tokio::join!(self.clone().release_always(), outbox) };
        if stop.run_until_cancelled(work).await.is_none() {
            tracing::debug!("the relay stopped");
        }
    }

    /// What was committed here is carried at once, wherever it belongs; the node's own partitions are
    /// looked at again and again.
    async fn carry_always(mut self, rabbit: &Rabbit) {
        let mut failures = Backoff::default();
        let mut idle = SOON;
        let mut look_at = Instant::now();
        loop {
            let (looked, partitions) = tokio::select! {
                () = tokio::time::sleep_until(look_at) => (true, self.owned.borrow_and_update().partitions().collect()),
                woken = rabbit.relay_woken() => (false, woken),
            };
            match self.carry_all(rabbit, &partitions).await {
                Ok(carried) => {
                    failures.reset();
                    if looked {
                        idle = if carried == 0 { (idle * 2).min(LATER) } else { SOON };
                        look_at = Instant::now() + idle;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the outbox could not be carried to the broker; trying again");
                    tokio::time::sleep(failures.pause()).await;
                }
            }
        }
    }

    async fn carry_all(&self, rabbit: &Rabbit, partitions: &BTreeSet<u32>) -> Result<usize, RelayError> {
        let mut carried = 0;
        for partition in partitions.iter().copied() {
            loop {
                let jobs = self.store.jobs(Direction::Outbound, partition, (self.clock)(), BATCH).await?;
                if jobs.is_empty() {
                    break;
                }
                carried += jobs.len();
                self.store.delete_jobs(&publish(rabbit, jobs).await?).await?;
            }
        }
        Ok(carried)
    }

    async fn release_always(self) {
        let mut failures = Backoff::default();
        loop {
            match self.release().await {
                Ok(more) => {
                    failures.reset();
                    if !more {
                        tokio::time::sleep(SCHEDULE).await;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "scheduled messages could not be released; trying again");
                    tokio::time::sleep(failures.pause()).await;
                }
            }
        }
    }

    /// One node does it for all: the owner of the first partition. A wake-up that is lost is made up for
    /// by the sweep of the partition's owner, as the messages are queued by then.
    async fn release(&self) -> Result<bool, RelayError> {
        if !self.owned.borrow().contains(0) {
            return Ok(false);
        }
        let released = self.store.release_scheduled((self.clock)(), BATCH).await?;
        let more = released.len() >= usize::try_from(BATCH).unwrap_or(usize::MAX);
        try_join_all(released.into_iter().map(|(channel_id, message_id)| self.wake(channel_id, message_id))).await?;
        Ok(more)
    }

    async fn wake(&self, channel_id: ChannelId, message_id: MessageId) -> Result<(), RelayError> {
        let payload = serde_json::to_string(&Outbound::V1 { channel_id, message_id: Some(message_id) })?;
        let publication = Publication { channel_id, key: message_id.uuid(), payload };
        Ok(self.bus.publish(Direction::Outbound, publication).await?)
    }
}

/// Publishes all in order and returns when all are durable: their ids may be deleted.
pub(super) async fn publish(rabbit: &Rabbit, jobs: Vec<Job>) -> Result<Vec<i64>, BusError> {
    let mut underway = Vec::with_capacity(jobs.len());
    for job in jobs {
        let Job { id, channel_id, key, payload } = job;
        let durable = rabbit.submit(Direction::Outbound, Publication { channel_id, key, payload }).await?;
        underway.push((id, durable));
    }
    let mut carried = Vec::with_capacity(underway.len());
    for (id, durable) in underway {
        if !durable.await {
            return Err(BusError::Closed);
        }
        carried.push(id);
    }
    Ok(carried)
}
