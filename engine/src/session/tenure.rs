//! The right to send. Two nodes that both believe to own a partition, as may
//! happen while one takes over from the other, would each keep a pace of its
//! own. So a node sends for a partition only while it holds its lease, and
//! gives the lease back only when nothing of the partition is on its way.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, NodeId};
use patchbay_store::{Store, jobs::Partitions};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Sessions, desk::lock};
use crate::membership::OwnedPartitions;

const RENEWAL: Duration = Duration::from_secs(2);
const LIFETIME: Duration = Duration::from_secs(10);
const FOR_EVER: Duration = Duration::from_hours(100 * 366 * 24);
/// Sending stops this long before the lease could pass to another node.
const MARGIN: Duration = Duration::from_secs(2);

/// The partitions this node may send for, and until when.
#[derive(Clone)]
pub struct Tenure {
    partitions: Partitions,
    held: Arc<Mutex<HashMap<u32, Instant>>>,
}

impl Tenure {
    pub fn new(partitions: Partitions) -> Self {
        Self { partitions, held: Arc::default() }
    }

    pub fn covers(&self, channel: ChannelId) -> bool {
        let partition = self.partitions.of(channel);
        lock(&self.held).get(&partition).is_some_and(|until| Instant::now() < *until)
    }
}

/// Acquires, renews and gives back the leases.
pub struct Keeper {
    pub store: Store,
    pub node: NodeId,
    pub queue_prefix: String,
    pub owned: watch::Receiver<Arc<OwnedPartitions>>,
    pub tenure: Tenure,
    pub sessions: Sessions,
    pub clock: fn() -> DateTime<Utc>,
}

impl Keeper {
    /// Until stopped; then nothing is sent any more, and what is on its way is waited for elsewhere.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(RENEWAL);
        let mut leaving = HashSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                changed = self.owned.changed() => if changed.is_err() { break },
                _ = tick.tick() => {}
            }
            let owned: HashSet<u32> = self.owned.borrow_and_update().partitions().collect();
            self.give_up(&owned, &mut leaving).await;
            let gained = self.hold(&owned).await;
            self.wake(&gained).await;
            // Nobody may have listened for a while.
            self.sessions.tend_all(self.tenure.partitions, &gained).await;
        }
        lock(&self.tenure.held).clear();
    }

    /// Acquires what is owned; answers what was not held before.
    async fn hold(&self, owned: &HashSet<u32>) -> Vec<u32> {
        let mut gained = Vec::new();
        for partition in owned {
            if self.store.is_embedded() {
                // There is no other node.
                if lock(&self.tenure.held).insert(*partition, Instant::now() + FOR_EVER).is_none() {
                    gained.push(*partition);
                }
                continue;
            }
            let until = Instant::now() + LIFETIME.saturating_sub(MARGIN);
            match self.acquire(*partition).await {
                Ok(true) => {
                    let lapsed = |until: &Instant| *until <= Instant::now();
                    if lock(&self.tenure.held).get(partition).is_none_or(lapsed) {
                        // Another node may have sent meanwhile, or been asked to rest.
                        self.sessions.forget_paces(self.tenure.partitions, *partition);
                        gained.push(*partition);
                    }
                    lock(&self.tenure.held).insert(*partition, until);
                }
                Ok(false) => drop(lock(&self.tenure.held).remove(partition)),
                Err(error) => {
                    tracing::debug!(partition, %error, "the right to send could not be renewed; trying again");
                }
            }
        }
        gained
    }

    /// Stops sending for what is not owned any more, and gives it back once nothing is on its way.
    async fn give_up(&self, owned: &HashSet<u32>, leaving: &mut HashSet<u32>) {
        {
            let mut held = lock(&self.tenure.held);
            leaving.extend(held.extract_if(|partition, _| !owned.contains(partition)).map(|(partition, _)| partition));
        }
        leaving.retain(|partition| !owned.contains(partition));
        for partition in leaving.clone() {
            let sending = self.sessions.sending_in(self.tenure.partitions, partition);
            let done =
                if sending { self.acquire(partition).await.map(|_| false) } else { self.release(partition).await };
            match done {
                Ok(true) => drop(leaving.remove(&partition)),
                Ok(false) => {}
                Err(error) => tracing::debug!(partition, %error, "a lease could not be given back; trying again"),
            }
        }
    }

    async fn wake(&self, gained: &[u32]) {
        if gained.is_empty() {
            return;
        }
        if let Err(error) = self.sessions.wake_channels(self.tenure.partitions, gained).await {
            tracing::warn!(%error, "channels with work could not be read; the sweep finds them");
        }
    }

    async fn acquire(&self, partition: u32) -> Result<bool, patchbay_store::StoreError> {
        let now = self.store.time((self.clock)()).await?;
        self.store.acquire_lease(&self.lease(partition), self.node, now, LIFETIME).await
    }

    async fn release(&self, partition: u32) -> Result<bool, patchbay_store::StoreError> {
        self.store.release_lease(&self.lease(partition), self.node).await.map(|()| true)
    }

    fn lease(&self, partition: u32) -> String {
        format!("{}.sending.{partition}", self.queue_prefix)
    }
}
