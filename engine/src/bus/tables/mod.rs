//! The bus in the database: the table `jobs` holds the partitions, a lease per
//! partition says which node works it. Publications that come together are
//! committed together, and so are acknowledgements, of all partitions.

mod consumer;
mod lease;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, NodeId};
use patchbay_store::{Store, StoreError, jobs::NewJob};
use tokio::sync::Notify;

use super::{BusConfig, BusError, BusStatus, Direction, Feed, Partitions, Publication, backoff::Backoff, word};
use crate::batch::{Batcher, together};
use consumer::Feeder;
use lease::Lease;

const BATCH: usize = 256;
/// Of the payloads in one transaction, but for the last: a statement the database takes in its stride.
const BATCH_BYTES: usize = 8 << 20;

#[derive(Clone)]
pub struct Tables(Arc<Inner>);

struct Inner {
    store: Store,
    node: NodeId,
    prefix: String,
    partitions: Partitions,
    publish_timeout: Duration,
    /// One writer, so that what is published first has the lower id.
    writer: Batcher<NewJob, Result<(), BusError>>,
    /// Says whether these jobs are gone.
    deleter: Batcher<Vec<i64>, bool>,
    inbound: Vec<Arc<Lane>>,
    outbound: Vec<Arc<Lane>>,
    health: Arc<Health>,
}

/// What the consumers of one partition on this node share.
#[derive(Default)]
struct Lane {
    /// Something was published here.
    published: Notify,
    /// Held by the consumer at work: the lease keeps other nodes away, this keeps the next consumer waiting.
    turn: tokio::sync::Mutex<()>,
}

/// Whether the database took what was last written. That it can be read says nothing.
struct Health(AtomicBool);

impl Health {
    fn note<T>(&self, answer: &Result<T, StoreError>) {
        let well = !matches!(answer, Err(error) if error.is_retryable());
        self.0.store(well, Ordering::Relaxed);
    }
}

impl Tables {
    pub(super) fn new(config: BusConfig, store: Store, node: NodeId) -> Self {
        let BusConfig { amqp_url: _, queue_prefix, partitions, publish_timeout } = config;
        let health = Arc::new(Health(AtomicBool::new(true)));
        let writer = {
            let (store, health) = (store.clone(), Arc::clone(&health));
            Batcher::spawn(BATCH, 1, move |jobs| {
                let (store, health) = (store.clone(), Arc::clone(&health));
                async move { write(&store, &health, jobs, publish_timeout).await }
            })
        };
        let deleter = {
            let (store, health) = (store.clone(), Arc::clone(&health));
            Batcher::spawn(BATCH, 1, move |ids| {
                let (store, health) = (store.clone(), Arc::clone(&health));
                async move { delete(&store, &health, ids).await }
            })
        };
        let lanes = || (0..partitions.0).map(|_| Arc::default()).collect();
        let (inbound, outbound) = (lanes(), lanes());
        Self(Arc::new(Inner {
            store,
            node,
            prefix: queue_prefix,
            partitions,
            publish_timeout,
            writer,
            deleter,
            inbound,
            outbound,
            health,
        }))
    }

    pub(super) async fn publish(&self, direction: Direction, publication: Publication) -> Result<(), BusError> {
        let Publication { channel_id, key, payload } = publication;
        let partition = self.0.partitions.of(channel_id);
        // A webhook is due from the beginning of time: the clocks of those who publish and those who read must not decide
        // which of two is seen first.
        let available_at = match direction {
            Direction::Inbound => DateTime::UNIX_EPOCH,
            Direction::Outbound => Utc::now(),
        };
        let job = NewJob { direction, partition, channel_id, key, payload, available_at };
        let written = tokio::time::timeout(self.0.publish_timeout, self.0.writer.run(job)).await;
        written.map_err(|_| BusError::Unavailable(self.0.publish_timeout))?.map_err(|_| BusError::Closed)??;
        self.wake(direction, channel_id);
        Ok(())
    }

    pub(super) fn feed(&self, feed: Feed) {
        let Inner { store, node, prefix, deleter, health, .. } = &*self.0;
        let name = format!("{prefix}.{}.{}", word(feed.direction), feed.partition);
        let feeder = Feeder {
            store: store.clone(),
            lease: Lease::new(store.clone(), name, *node),
            lane: self.lane(feed.direction, feed.partition),
            deleter: deleter.clone(),
            health: Arc::clone(health),
            feed,
        };
        tokio::spawn(feeder.run());
    }

    pub(super) fn wake(&self, direction: Direction, channel_id: ChannelId) {
        self.lane(direction, self.0.partitions.of(channel_id)).published.notify_one();
    }

    pub(super) fn status(&self) -> BusStatus {
        if self.0.health.0.load(Ordering::Relaxed) { BusStatus::Connected } else { BusStatus::Disconnected }
    }

    /// A partition beyond the configured ones has nothing published in it; a lane of its own does.
    fn lane(&self, direction: Direction, partition: u32) -> Arc<Lane> {
        let lanes = match direction {
            Direction::Inbound => &self.0.inbound,
            Direction::Outbound => &self.0.outbound,
        };
        usize::try_from(partition).ok().and_then(|index| lanes.get(index)).cloned().unwrap_or_default()
    }
}

/// Commits the jobs in order, in as many transactions as their size asks for.
async fn write(store: &Store, health: &Health, jobs: Vec<NewJob>, patience: Duration) -> Vec<Result<(), BusError>> {
    let mut outcomes = Vec::with_capacity(jobs.len());
    let mut jobs = jobs.as_slice();
    while !jobs.is_empty() {
        let (batch, rest) = jobs.split_at(together(jobs.iter().map(|job| job.payload.len()), BATCH_BYTES));
        let outcome = write_batch(store, health, batch, patience).await;
        outcomes.extend(std::iter::repeat_n(outcome, batch.len()));
        jobs = rest;
    }
    outcomes
}

/// Tries again while the database is away, until those who published the jobs give up.
async fn write_batch(store: &Store, health: &Health, jobs: &[NewJob], patience: Duration) -> Result<(), BusError> {
    let deadline = tokio::time::Instant::now() + patience;
    let mut failures = Backoff::default();
    loop {
        let written = store.enqueue(jobs, Utc::now()).await;
        health.note(&written);
        return match written {
            Ok(()) => Ok(()),
            Err(error) if error.is_retryable() => {
                let next = tokio::time::Instant::now() + failures.pause();
                if next < deadline {
                    tokio::time::sleep_until(next).await;
                    continue;
                }
                tracing::warn!(%error, publications = jobs.len(), "publications could not be stored in time");
                Err(BusError::Unavailable(patience))
            }
            Err(error) => Err(BusError::Refused(error.to_string())),
        };
    }
}

async fn delete(store: &Store, health: &Health, ids: Vec<Vec<i64>>) -> Vec<bool> {
    let deleted = store.delete_jobs(&ids.concat()).await;
    health.note(&deleted);
    if let Err(error) = &deleted {
        tracing::warn!(%error, "acknowledged jobs could not be deleted");
    }
    vec![deleted.is_ok(); ids.len()]
}
