//! A channel with a limit, whose engine is killed half way: the rate that it reaches, and whether it ever exceeds it.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    Bench, Size,
    database::Database,
    engine, missed, outbound,
    platform::{self, Platform},
};

/// Messages per second.
const LIMIT: u32 = 50;
const INTERVAL: Duration = Duration::from_millis(1_000 / LIMIT as u64);
/// A minute of them.
const MESSAGES: usize = 3_000;
/// Of the limit.
const WANTED: f64 = 0.99;
const WINDOWS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(20)];

pub async fn measure(bench: &Bench, size: Size) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let database = Database::make(size, &folder).await?;
    let platform = platform::start()?;
    let process = engine::engine(bench, size, &database, &folder).await?;
    let limits = json!([{"scope": "channel", "permits": LIMIT, "perMs": 1_000, "burst": 1}]);
    let channel = engine::channel(&engine::sign_up(process.port).await?, &platform.address, &limits).await?;
    let pool = database.pool().await?;
    outbound::everybody_writes(&process, &channel, &pool).await?;
    process.stop().await?;
    outbound::queue(&pool, MESSAGES).await?;

    println!("rate: {MESSAGES} messages on a channel that may send {LIMIT}/s, with a kill half way");
    let process = engine::engine(bench, size, &database, &folder).await?;
    arrived(&platform, MESSAGES / 2).await?;
    process.stop().await?;
    let before = platform.arrivals().len();
    let process = engine::engine(bench, size, &database, &folder).await?;
    // What was on the wire when it was killed has an outcome that nobody knows, and is not sent again.
    let unknown = "select count(*) from messages where direction = 'OUTBOUND' and state in ('UNKNOWN', 'SENDING')";
    arrived(&platform, MESSAGES - usize::try_from(pool.count(unknown).await?)?).await?;
    process.stop().await?;
    let arrivals = platform.arrivals();
    let (first, second) = arrivals.split_at(before);
    for (part, arrivals) in [("before", first), ("after", second)] {
        let rate = rate(arrivals);
        let kept = missed((WANTED..=1.0).contains(&rate));
        println!("rate: {rate:.3} of the limit {part} the kill (wanted: {WANTED} to 1{kept})");
    }
    for window in WINDOWS {
        let (most, permitted) = (most(&arrivals, window), permitted(window));
        let kept = missed(most as u128 <= permitted);
        println!("rate: at most {most} within any {window:?} (permitted: {permitted}{kept})");
    }
    platform.stop().await;
    database.drop().await
}

async fn arrived(platform: &Platform, messages: usize) -> anyhow::Result<()> {
    let begun = Instant::now();
    while platform.arrived() < messages {
        anyhow::ensure!(begun.elapsed() < Duration::from_mins(5), "only {} arrived", platform.arrived());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// What was reached of the limit.
fn rate(arrivals: &[Instant]) -> f64 {
    let (Some(first), Some(last)) = (arrivals.first(), arrivals.last()) else { return 0.0 };
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let intervals = arrivals.len().saturating_sub(1) as f64;
    intervals * INTERVAL.as_secs_f64() / (*last - *first).as_secs_f64()
}

/// As many as the limit says, and not one more.
fn permitted(window: Duration) -> u128 {
    window.as_millis() / INTERVAL.as_millis()
}

/// The most that arrived within any window of this length.
fn most(arrivals: &[Instant], window: Duration) -> usize {
    let counts = arrivals
        .iter()
        .enumerate()
        .map(|(from, begin)| arrivals.iter().skip(from).take_while(|arrival| **arrival - *begin <= window).count());
    counts.max().unwrap_or_default()
}
