//! What 100,000 conversations leave behind when nobody writes any more: it is waited until the last of them is idle, which
//! takes as long as `conversations.idle_after` says.

use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::Value;

use crate::{
    Bench, Size,
    database::Database,
    engine,
    load::{APP_SECRET, PHONE_NUMBER_ID},
    missed,
};

/// What the figure is wanted for.
const CONVERSATIONS: usize = 100_000;
const WANTED_MIB: f64 = 286.0;
/// Messages in one webhook, as Meta batches.
const BATCH: usize = 500;
const PATIENCE: Duration = Duration::from_mins(10);

pub async fn measure(bench: &Bench, size: Size) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let database = Database::make(size, &folder).await?;
    let process = engine::engine(bench, size, &database, &folder).await?;
    let channel =
        engine::channel(&engine::sign_up(process.port).await?, "http://127.0.0.1:9", &serde_json::json!([])).await?;
    let http = reqwest::Client::new();
    let conversations = bench.conversations;
    for begin in (0..conversations).step_by(BATCH) {
        let body = webhook(begin..(begin + BATCH).min(conversations));
        let signature = crate::load::sign(APP_SECRET, &body)?;
        let call = http.post(format!("http://127.0.0.1:{}/webhook/{channel}", process.port));
        call.header("X-Hub-Signature-256", signature).body(body).send().await?.error_for_status()?;
    }
    let pool = database.pool().await?;
    let start = Instant::now();
    while pool.count("select count(*) from messages").await? < i64::try_from(conversations)? {
        anyhow::ensure!(start.elapsed() < PATIENCE, "not all messages were committed");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("{conversations} conversations were made; waiting until all are idle");
    let begun = Instant::now();
    loop {
        let left = conversation_actors(&http, process.port).await?;
        if left == 0 {
            break;
        }
        anyhow::ensure!(begun.elapsed() < PATIENCE, "{left} conversations still have an actor");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let resident = process.resident_bytes()? as f64 / f64::from(1 << 20);
    println!(
        "{conversations} idle conversations: no actor, {resident:.0} MiB resident \
         (wanted of {CONVERSATIONS}: no actor, under {WANTED_MIB} MiB{})",
        missed(resident < WANTED_MIB)
    );
    process.stop().await?;
    database.drop().await
}

async fn conversation_actors(http: &reqwest::Client, port: u16) -> anyhow::Result<usize> {
    let actors: Value = http.get(format!("http://127.0.0.1:{port}/ops/actors")).send().await?.json().await?;
    let actors = actors.as_array().context("no list of actors")?;
    let kinds = actors.iter().filter_map(|actor| actor.get("kind")?.as_str());
    Ok(kinds.filter(|kind| *kind == "conversation").count())
}

fn webhook(numbers: std::ops::Range<usize>) -> String {
    let contacts: Vec<_> = numbers
        .clone()
        .map(|number| format!(r#"{{"profile":{{"name":"Contact {number}"}},"wa_id":"49{number:09}"}}"#))
        .collect();
    let messages: Vec<_> = numbers
        .map(|number| {
            format!(
                r#"{{"from":"49{number:09}","id":"wamid.idle.{number}","timestamp":"1749416383","type":"text","text":{{"body":"hello"}}}}"#
            )
        })
        .collect();
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"419561257915477","changes":[{{"field":"messages","value":{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"15550783881","phone_number_id":"{PHONE_NUMBER_ID}"}},"contacts":[{}],"messages":[{}]}}}}]}}]}}"#,
        contacts.join(","),
        messages.join(",")
    )
}
