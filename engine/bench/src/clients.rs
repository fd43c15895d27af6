//! Many clients connected to one node: what each costs in memory, and how long a message takes to all of them.

use std::{
    process::Command,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::{net::TcpStream, task::JoinHandle, time::timeout};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use crate::{
    Bench, Size,
    database::Database,
    engine,
    load::{Load, QUESTION, Report},
};

/// Few enough that the clients, which are on the same machine, keep up.
const PER_SECOND: f64 = 2.0;
const MESSAGES: usize = 40;
/// Connections that are opened at the same time.
const AT_ONCE: usize = 100;
const PATIENCE: Duration = Duration::from_mins(2);
/// Beside one file per client, each process has some of its own.
const OTHER_FILES: usize = 500;

type Client = WebSocketStream<TcpStream>;

pub async fn measure(bench: &Bench, size: Size) -> anyhow::Result<()> {
    let clients = bench.clients;
    allow_files(clients + OTHER_FILES)?;
    let folder = tempfile::tempdir()?;
    let database = Database::make(size, &folder).await?;
    let process = engine::engine(bench, size, &database, &folder).await?;
    let person = engine::sign_up(process.port).await?;
    let channel = engine::channel(&person, "http://127.0.0.1:9", &serde_json::json!([])).await?;
    let load = |webhooks, rate, run| {
        let url = format!("http://127.0.0.1:{}/webhook/{channel}", process.port);
        Load { url, webhooks, connections: 4, rate, run }
    };
    // Connectors compiled, conversations made.
    load(MESSAGES, None, "warm").run().await?;
    let (pool, start) = (database.pool().await?, Instant::now());
    while pool.count("select count(*) from messages").await? < i64::try_from(MESSAGES)? {
        anyhow::ensure!(start.elapsed() < PATIENCE, "not all messages were committed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    println!("{clients} clients are connecting");
    let before = process.resident_bytes()?;
    let (port, token) = (process.port, person.token.as_str());
    let connected: Vec<Client> =
        stream::iter(0..clients).map(|_| connect(port, token)).buffer_unordered(AT_ONCE).try_collect().await?;
    let after = process.resident_bytes()?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let each = after.saturating_sub(before) as f64 / clients as f64 / 1024.0;
    println!("{clients} clients: {each:.1} KiB resident each; all are told {MESSAGES} messages");

    let start = Instant::now();
    let latencies = Arc::new(Mutex::new(Vec::with_capacity(clients * MESSAGES)));
    let listening: Vec<_> = connected.into_iter().map(|client| listen(client, start, Arc::clone(&latencies))).collect();
    load(MESSAGES, Some(PER_SECOND), "told").run_from(start).await?;
    for client in listening {
        client.await??;
    }
    let answers = std::mem::take(&mut *latencies.lock().unwrap_or_else(PoisonError::into_inner));
    let report = Report { answers };
    println!(
        "from webhook to {clients} clients, {PER_SECOND} messages/s: p50 {:.1} ms, p99 {:.1} ms",
        milliseconds(report.percentile(50)),
        milliseconds(report.percentile(99)),
    );
    process.stop().await?;
    database.drop().await
}

async fn connect(port: u16, token: &str) -> anyhow::Result<Client> {
    let connection = TcpStream::connect(("127.0.0.1", port)).await?;
    let address = format!("ws://127.0.0.1:{port}/ws/conversations?token={token}&cursor=");
    let (mut client, _) = client_async(address, connection).await?;
    // It is told where it begins: from then on it is told everything.
    client.next().await.context("a client was sent away")??;
    Ok(client)
}

/// Takes every message, and notes how long after its webhook each came.
fn listen(mut client: Client, start: Instant, latencies: Arc<Mutex<Vec<Duration>>>) -> JoinHandle<anyhow::Result<()>> {
    tokio::spawn(async move {
        let mut mine = Vec::with_capacity(MESSAGES);
        while mine.len() < MESSAGES {
            let message = timeout(PATIENCE, client.next()).await.context("a client is told nothing")?;
            let Message::Text(frame) = message.context("a client was cut off")?? else { continue };
            let number = frame.split_once(QUESTION).filter(|_| frame.contains("new_message"));
            let Some((_, number)) = number else { continue };
            let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
            let sent = start + due(digits.parse()?);
            mine.push(sent.elapsed());
        }
        latencies.lock().unwrap_or_else(PoisonError::into_inner).append(&mut mine);
        anyhow::Ok(())
    })
}

/// When a webhook is sent, after the start.
fn due(number: usize) -> Duration {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let number = number as f64;
    Duration::from_secs_f64(number / PER_SECOND)
}

/// Lets this process, and the engine that it starts, open so many files.
fn allow_files(wanted: usize) -> anyhow::Result<()> {
    let limits = std::fs::read_to_string("/proc/self/limits")?;
    let line = limits.lines().find(|line| line.starts_with("Max open files")).context("no limit of open files")?;
    let allowed: Vec<usize> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    if allowed.first().is_none_or(|soft| *soft >= wanted) {
        return Ok(());
    }
    let process = std::process::id().to_string();
    let raised = Command::new("prlimit").args(["--pid", &process, &format!("--nofile={wanted}:")]).status();
    let how = format!("{wanted} open files are needed: raise the limit with `ulimit -n {wanted}`");
    anyhow::ensure!(raised.context(how.clone())?.success(), how);
    Ok(())
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
