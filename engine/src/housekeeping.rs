//! What is thrown away after a while, so that nothing grows for ever.

use std::time::Duration;

use chrono::{DateTime, Utc};
use patchbay_store::Store;
use tokio_util::sync::CancellationToken;

use crate::config::Retention;

const EVERY: Duration = Duration::from_mins(10);
/// Logins that are over, and failed ones; no window in which they are counted is longer.
const LOGINS: Duration = Duration::from_hours(24);
/// Nodes that were killed: what they had begun was ended long before.
const NODES: Duration = Duration::from_hours(24);

/// Trims what has outlived its use, until stopped.
pub async fn run(store: Store, retention: Retention, clock: fn() -> DateTime<Utc>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        let now = clock();
        let Retention { pending_statuses, events, idempotency, .. } = retention;
        let done = async {
            store.expire_pending_statuses(now - pending_statuses).await?;
            store.expire_pending_references(now - pending_statuses).await?;
            store.trim_pauses(now).await?;
            store.trim_nodes(now - NODES).await?;
            store.trim_events(now - events).await?;
            store.trim_logins(now - LOGINS).await?;
            store.trim_login_failures(now - LOGINS).await?;
            store.expire_requests(now - idempotency).await
        };
        if let Err(error) = done.await {
            tracing::warn!(%error, "old rows could not be removed; trying again later");
        }
    }
}
