//! What is thrown away after a while: what was only of use for a time. The rest
//! is kept; `docs/guarantees.md` says what grows.

use std::time::Duration;

use chrono::{DateTime, Utc};
use patchbay_store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::config::Retention;

const EVERY: Duration = Duration::from_mins(10);
/// Logins that are over, and failed ones; no window in which they are counted is longer.
const LOGINS: Duration = Duration::from_hours(24);
/// Nodes that were killed: what they had begun was ended long before.
const NODES: Duration = Duration::from_hours(24);
/// Rows of one transaction, where there may be very many.
const AT_ONCE: u32 = 1_000;

/// Trims what has outlived its use, until stopped.
pub async fn run(store: Store, retention: Retention, clock: fn() -> DateTime<Utc>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        let now = clock();
        let Retention { pending_statuses, events, idempotency, attempts, notifications, .. } = retention;
        let done = async {
            store.expire_pending_statuses(now - pending_statuses).await?;
            store.expire_pending_references(now - pending_statuses).await?;
            store.trim_pauses(now).await?;
            store.trim_nodes(now - NODES).await?;
            store.trim_events(now - events).await?;
            store.trim_logins(now - LOGINS).await?;
            store.trim_login_failures(now - LOGINS).await?;
            store.expire_requests(now - idempotency).await?;
            while store.trim_attempts(now - attempts, AT_ONCE).await? == u64::from(AT_ONCE) {}
            while store.trim_notifications(now - notifications, AT_ONCE).await? == u64::from(AT_ONCE) {}
            Ok::<_, StoreError>(())
        };
        let done = tokio::select! {
            // What is under way is a transaction, which is undone.
            () = stop.cancelled() => return,
            done = done => done,
        };
        if let Err(error) = done {
            tracing::warn!(%error, "old rows could not be removed; trying again later");
        }
    }
}
