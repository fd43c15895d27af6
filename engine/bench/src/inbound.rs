//! Webhook to committed message, end to end.

use std::time::{Duration, Instant};

use crate::{
    Bench, Size,
    database::{Database, Pool},
    engine,
    load::{Load, Report},
    missed,
};

const CONNECTIONS: usize = 64;
const WANTED_MS: f64 = 20.0;
/// A count reads the whole table: rarely, beside what is measured.
const COUNTING: Duration = Duration::from_millis(100);

pub async fn measure(bench: &Bench, size: Size) -> anyhow::Result<()> {
    let floor = floor(bench, size).await?;
    println!("inbound floor:  {floor:.0} messages/s");
    let folder = tempfile::tempdir()?;
    let database = Database::make(size, &folder).await?;
    let process = engine::engine(bench, size, &database, &folder).await?;
    let channel =
        engine::channel(&engine::sign_up(process.port).await?, "http://127.0.0.1:9", &serde_json::json!([])).await?;
    let pool = database.pool().await?;
    let url = format!("http://127.0.0.1:{}/webhook/{channel}", process.port);
    let count = "select count(*) from messages";

    // Connectors compiled, connections open.
    full(&url, &pool, count, bench.messages / 10, "warm").await?;
    let (rate, report) = full(&url, &pool, count, bench.messages, "full").await?;
    println!("inbound engine: {rate:.0} messages/s, answers p99 {:.1} ms", milliseconds(report.percentile(99)));
    let ratio = rate / floor;
    println!("inbound ratio:  {ratio:.2} (wanted: at least 0.50{})", missed(ratio >= 0.5));

    let report = half(url, bench, rate).await?;
    let p99 = milliseconds(report.percentile(99));
    println!(
        "answers at half of that rate: p50 {:.1} ms, p99 {p99:.1} ms (wanted: under {WANTED_MS} ms{})",
        milliseconds(report.percentile(50)),
        missed(p99 < WANTED_MS),
    );
    process.stop().await?;
    database.drop().await?;
    let report = floor_at_half(bench, size, rate).await?;
    println!(
        "answers of the floor at that: p50 {:.1} ms, p99 {:.1} ms",
        milliseconds(report.percentile(50)),
        milliseconds(report.percentile(99))
    );
    Ok(())
}

/// At half of a rate, whoever answers.
async fn half(url: String, bench: &Bench, rate: f64) -> anyhow::Result<Report> {
    Load { url, webhooks: bench.messages / 2, connections: CONNECTIONS, rate: Some(rate / 2.0), run: "half" }
        .run()
        .await
}

/// What the broker and the disk make of that alone.
async fn floor_at_half(bench: &Bench, size: Size, rate: f64) -> anyhow::Result<Report> {
    let folder = tempfile::tempdir()?;
    let database = Database::make(size, &folder).await?;
    let queue = format!("floor-{}", uuid::Uuid::new_v4().simple());
    let process = engine::floor(size, &database, &queue).await?;
    let url = format!("http://127.0.0.1:{}/webhook", process.port);
    let pool = database.pool().await?;
    full(&url, &pool, "select count(*) from floor_messages", bench.messages / 10, "warm").await?;
    let report = half(url, bench, rate).await?;
    process.stop().await?;
    database.drop().await?;
    Ok(report)
}

async fn floor(bench: &Bench, size: Size) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir()?;
    let database = Database::make(size, &folder).await?;
    let queue = format!("floor-{}", uuid::Uuid::new_v4().simple());
    let process = engine::floor(size, &database, &queue).await?;
    let pool = database.pool().await?;
    let url = format!("http://127.0.0.1:{}/webhook", process.port);
    let count = "select count(*) from floor_messages";
    full(&url, &pool, count, bench.messages / 10, "warm").await?;
    let (rate, _) = full(&url, &pool, count, bench.messages, "full").await?;
    process.stop().await?;
    database.drop().await?;
    Ok(rate)
}

/// As fast as they are taken, until the last is committed.
async fn full(
    url: &str,
    pool: &Pool,
    count: &'static str,
    webhooks: usize,
    run: &'static str,
) -> anyhow::Result<(f64, Report)> {
    let before = pool.count(count).await?;
    let start = Instant::now();
    let load = Load { url: url.to_owned(), webhooks, connections: CONNECTIONS, rate: None, run };
    let report = load.run().await?;
    let wanted = before + i64::try_from(webhooks)?;
    while pool.count(count).await? < wanted {
        anyhow::ensure!(start.elapsed() < Duration::from_mins(10), "not all messages were committed");
        tokio::time::sleep(COUNTING).await;
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let rate = webhooks as f64 / start.elapsed().as_secs_f64();
    Ok((rate, report))
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
