//! Waiting for a condition, never for a time.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, sleep};

/// Looks again and again until there is something, and fails with what it was waiting for.
pub async fn until<T, F, Fut>(what: &str, patience: Duration, mut look: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {patience:?} in vain for {what}");
        sleep(Duration::from_millis(25)).await;
    }
}
