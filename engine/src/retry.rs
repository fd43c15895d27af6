//! Waiting out a database that is away: work that must not be given up is
//! repeated, with growing pauses, for as long as the failure may pass.

use std::{future::Future, time::Duration};

use patchbay_store::StoreError;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Repeats `work` until it succeeds or fails for a reason that waiting does not mend.
pub async fn while_unavailable<T, F, Fut>(what: &'static str, mut work: F) -> Result<T, StoreError>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, StoreError>>,
{
    let mut pause = FIRST_PAUSE;
    loop {
        match work().await {
            Err(error) if error.is_retryable() => {
                metrics::counter!("patchbay_store_retries_total", "work" => what).increment(1);
                if pause >= LONGEST_PAUSE {
                    tracing::warn!(work = what, %error, "the database does not answer; trying again");
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            settled => return settled,
        }
    }
}
