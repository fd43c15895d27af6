//! Which nodes are alive and which partitions are whose. Each node gives a sign
//! of life in the database and works out by itself what it owns; all that see
//! the same nodes come to the same result. It says who should work a partition;
//! that only one does is what single active consumers and leases see to.

mod sight;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use patchbay_domain::NodeId;
use patchbay_store::{Store, StoreError, jobs::Partitions};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub use sight::Sight;

const HEARTBEAT: Duration = Duration::from_secs(2);
/// A node that gave no sign of life for this long counts as gone.
const NODE_LIFETIME: chrono::Duration = chrono::Duration::seconds(10);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedPartitions(BTreeSet<u32>);

impl OwnedPartitions {
    /// Rendezvous hashing: each partition belongs to the node that scores highest for it, so when a node
    /// comes or goes, only its own partitions move.
    pub fn of(node: NodeId, alive: &[NodeId], partitions: Partitions) -> Self {
        let owner = |partition: &u32| {
            let best = alive.iter().max_by_key(|other| (score(**other, *partition), **other));
            best.is_some_and(|best| *best == node)
        };
        Self((0..partitions.0).filter(owner).collect())
    }

    pub fn partitions(&self) -> impl Iterator<Item = u32> {
        self.0.iter().copied()
    }

    pub fn contains(&self, partition: u32) -> bool {
        self.0.contains(&partition)
    }
}

fn score(node: NodeId, partition: u32) -> u64 {
    let (high, low) = node.uuid().as_u64_pair();
    mix(mix(mix(high) ^ low) ^ u64::from(partition))
}

/// The finaliser of splitmix64: every bit of the answer depends on every bit of the question.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

pub struct Membership {
    store: Store,
    node: NodeId,
    sight: Sight,
    owned: watch::Receiver<Arc<OwnedPartitions>>,
    stop: CancellationToken,
    heartbeat: JoinHandle<()>,
}

impl Membership {
    /// Joins the nodes at work. In an embedded database there is only one: whoever is still registered
    /// there was killed, and makes room.
    pub async fn start(
        store: Store,
        node: NodeId,
        partitions: Partitions,
        clock: fn() -> DateTime<Utc>,
        stop: CancellationToken,
    ) -> Result<Self, StoreError> {
        if store.is_embedded() {
            for gone in store.live_nodes(DateTime::UNIX_EPOCH).await? {
                store.remove_node(gone).await?;
                store.release_leases(gone).await?;
            }
        }
        let sight = Sight::new(NODE_LIFETIME, store.time(clock()).await?);
        let heart = Heart { store: store.clone(), node, partitions, sight: sight.clone(), clock };
        let (announce, owned) = watch::channel(Arc::new(heart.beat().await?));
        let stop = stop.child_token();
        let heartbeat = tokio::spawn({
            let stop = stop.clone();
            async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = heart.beat_always(announce) => {}
                }
            }
        });
        Ok(Self { store, node, sight, owned, stop, heartbeat })
    }

    pub fn sight(&self) -> Sight {
        self.sight.clone()
    }

    pub fn owned(&self) -> watch::Receiver<Arc<OwnedPartitions>> {
        self.owned.clone()
    }

    /// Hands everything over: the others need not wait until this node counts as gone.
    pub async fn leave(self) {
        let Self { store, node, sight: _, owned: _, stop, heartbeat } = self;
        stop.cancel();
        if let Err(error) = heartbeat.await {
            tracing::error!(%error, "the heartbeat failed");
        }
        let left = async {
            store.remove_node(node).await?;
            store.release_leases(node).await
        };
        if let Err(error) = left.await {
            tracing::warn!(%error, "the node could not sign off; the others wait until it counts as gone");
        }
    }
}

struct Heart {
    store: Store,
    node: NodeId,
    partitions: Partitions,
    sight: Sight,
    clock: fn() -> DateTime<Utc>,
}

impl Heart {
    async fn beat(&self) -> Result<OwnedPartitions, StoreError> {
        let now = self.store.time((self.clock)()).await?;
        self.store.heartbeat(self.node, now).await?;
        // Asked anew: the sign may have waited long for a connection.
        let now = self.store.time((self.clock)()).await?;
        self.sight.reached(now);
        let alive = self.store.live_nodes(self.sight.alive_since(now)).await?;
        Ok(OwnedPartitions::of(self.node, &alive, self.partitions))
    }

    /// While the database is away, the node keeps what it has.
    async fn beat_always(self, announce: watch::Sender<Arc<OwnedPartitions>>) {
        let mut tick = tokio::time::interval(HEARTBEAT);
        loop {
            tick.tick().await;
            match self.beat().await {
                Ok(owned) => {
                    announce.send_if_modified(|known| {
                        let changed = **known != owned;
                        if changed {
                            tracing::info!(partitions = owned.0.len(), "partitions owned by this node changed");
                            *known = Arc::new(owned);
                        }
                        changed
                    });
                }
                Err(error) => tracing::warn!(%error, "no sign of life could be given; trying again"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const PARTITIONS: Partitions = Partitions(64);

    fn nodes(count: u128) -> Vec<NodeId> {
        (0..count)
            .map(|seed| NodeId::from_uuid(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + seed)))
            .collect()
    }

    fn owned(alive: &[NodeId]) -> Vec<BTreeSet<u32>> {
        alive.iter().map(|node| OwnedPartitions::of(*node, alive, PARTITIONS).0).collect()
    }

    #[test]
    fn each_partition_has_one_owner_and_each_node_its_share() {
        for count in 1..=5 {
            let shares = owned(&nodes(count));
            let mut all: Vec<u32> = shares.iter().flatten().copied().collect();
            all.sort_unstable();
            assert_eq!(all, (0..PARTITIONS.0).collect::<Vec<_>>());
            assert!(shares.iter().all(|share| share.len() >= 4), "{shares:?}");
        }
    }

    #[test]
    fn only_the_partitions_of_the_node_that_goes_move() {
        let before = nodes(4);
        for gone in 0..before.len() {
            let mut after = before.clone();
            after.remove(gone);
            for (node, share) in before.iter().zip(owned(&before)) {
                if *node != before[gone] {
                    assert!(OwnedPartitions::of(*node, &after, PARTITIONS).0.is_superset(&share));
                }
            }
        }
    }

    #[test]
    fn a_node_that_is_not_counted_among_the_living_owns_nothing() {
        let nodes = nodes(3);
        assert_eq!(OwnedPartitions::of(nodes[2], &nodes[..2], PARTITIONS), OwnedPartitions::default());
    }
}
