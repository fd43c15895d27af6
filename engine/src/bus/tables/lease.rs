//! The right of one node to work a partition, for a while: renewed long before
//! it runs out, and taken for lost when that did not succeed in time.

use std::time::Duration;

use chrono::Utc;
use patchbay_domain::NodeId;
use patchbay_store::{Store, StoreError};
use tokio::time::Instant;

/// Another node can take it this long after the last renewal.
const LIFETIME: Duration = Duration::from_secs(10);
const RENEWAL: Duration = Duration::from_secs(3);
/// We stop using it this long before another node can take it: clocks may differ in their pace.
const MARGIN: Duration = Duration::from_secs(2);

pub struct Lease {
    store: Store,
    name: String,
    node: NodeId,
    renewed: Option<Instant>,
}

impl Lease {
    pub fn new(store: Store, name: String, node: NodeId) -> Self {
        Self { store, name, node, renewed: None }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes or renews it; false when another node has it.
    pub async fn take(&mut self) -> Result<bool, StoreError> {
        let asked = Instant::now();
        let now = self.store.time(Utc::now()).await?;
        let taken = self.store.acquire_lease(&self.name, self.node, now, LIFETIME).await?;
        self.renewed = taken.then_some(asked);
        Ok(taken)
    }

    pub fn is_due(&self) -> bool {
        self.renewed.is_none_or(|renewed| renewed.elapsed() >= RENEWAL)
    }

    /// From when on it must not be relied on.
    pub fn runs_out(&self) -> Instant {
        self.renewed.map_or_else(Instant::now, |renewed| renewed + LIFETIME.saturating_sub(MARGIN))
    }

    /// Lets the next one take it at once.
    pub async fn give_up(&mut self) -> Result<(), StoreError> {
        if self.renewed.take().is_some() {
            self.store.release_lease(&self.name, self.node).await?;
        }
        Ok(())
    }
}
