//! Queued message to settled message, end to end.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde_json::Value;

use crate::{
    Bench, Size,
    database::{Database, Pool},
    engine,
    load::Load,
    missed, platform,
};

/// As many at once on one channel, the floor as well as the engine.
pub const CONCURRENCY: usize = 32;
pub const CONVERSATIONS: usize = 500;
const PATIENCE: Duration = Duration::from_mins(10);

pub async fn measure(bench: &Bench, size: Size) -> anyhow::Result<()> {
    let floor = floor(bench, size).await?;
    println!("outbound floor:  {floor:.0} messages/s");
    let rate = engine_rate(bench, size).await?;
    println!("outbound engine: {rate:.0} messages/s");
    let ratio = rate / floor;
    println!("outbound ratio:  {ratio:.2} (wanted: at least 0.50{})", missed(ratio >= 0.5));
    Ok(())
}

/// Claims a row, posts to the platform, settles the row; as many at once as the engine does.
async fn floor(bench: &Bench, size: Size) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir()?;
    let database = Database::make(size, &folder).await?;
    let pool = database.pool().await?;
    // The index is what the engine's queue has as well: without it each claim passes over all that was sent.
    pool.run(
        "create table floor_sends (id integer primary key, state text not null, external_id text); \
         create index floor_queue on floor_sends (id) where state = 'QUEUED'",
    )
    .await?;
    let rows: Vec<usize> = (0..bench.messages).collect();
    pool.run_json(
        "insert into floor_sends select value::text::integer, 'QUEUED', null from jsonb_array_elements($1::jsonb)",
        "insert into floor_sends select value, 'QUEUED', null from json_each($1)",
        serde_json::to_string(&rows)?,
    )
    .await?;
    let platform = platform::start()?;
    let http = reqwest::Client::new();
    let start = Instant::now();
    let sends = (0..bench.messages).map(|_| send(&pool, &http, &platform.address));
    let mut sends = futures_util::stream::iter(sends).buffer_unordered(CONCURRENCY);
    while let Some(sent) = sends.next().await {
        sent?;
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let rate = bench.messages as f64 / start.elapsed().as_secs_f64();
    drop(sends);
    platform.stop().await;
    database.drop().await?;
    Ok(rate)
}

async fn send(pool: &Pool, http: &reqwest::Client, platform: &str) -> anyhow::Result<()> {
    let claim = "update floor_sends set state = 'SENDING' where id = (select id from floor_sends \
                 where state = 'QUEUED' order by id limit 1 for update skip locked) returning id";
    let claim_embedded = "update floor_sends set state = 'SENDING' where id = (select id from floor_sends \
                          where state = 'QUEUED' order by id limit 1) returning id";
    let id: i64 = match pool {
        Pool::Postgres(pool) => i64::from(sqlx::query_scalar::<_, i32>(claim).fetch_one(pool).await?),
        Pool::Sqlite(pool) => sqlx::query_scalar(claim_embedded).fetch_one(pool).await?,
    };
    let body =
        serde_json::json!({"messaging_product": "whatsapp", "to": "+491", "type": "text", "text": {"body": "hi"}});
    let answer: Value = http.post(format!("{platform}/messages")).json(&body).send().await?.json().await?;
    let external = answer.pointer("/messages/0/id").and_then(Value::as_str).unwrap_or_default().to_owned();
    match pool {
        Pool::Postgres(pool) => {
            sqlx::query("update floor_sends set state = 'SENT', external_id = $2 where id = $1")
                .bind(i32::try_from(id)?)
                .bind(external)
                .execute(pool)
                .await?;
        }
        Pool::Sqlite(pool) => {
            sqlx::query("update floor_sends set state = 'SENT', external_id = $2 where id = $1")
                .bind(id)
                .bind(external)
                .execute(pool)
                .await?;
        }
    }
    Ok(())
}

/// Contacts write, the engine stops, their answers are queued, and the engine starts again.
async fn engine_rate(bench: &Bench, size: Size) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir()?;
    let database = Database::make(size, &folder).await?;
    let platform = platform::start()?;
    let process = engine::engine(bench, size, &database, &folder).await?;
    let channel =
        engine::channel(&engine::sign_up(process.port).await?, &platform.address, &serde_json::json!([])).await?;
    let pool = database.pool().await?;
    everybody_writes(&process, &channel, &pool).await?;
    process.stop().await?;
    queue(&pool, bench.messages).await?;
    let start = Instant::now();
    let process = engine::engine(bench, size, &database, &folder).await?;
    let (mut began, wanted) = (None, i64::try_from(bench.messages)?);
    // The platform notes what arrives: counting in the database as often would cost what is measured.
    while platform.arrived() < bench.messages {
        let arrived = platform.arrived();
        if arrived > 0 && began.is_none() {
            began = Some((Instant::now(), arrived));
        }
        if start.elapsed() > PATIENCE {
            let failed = pool.count("select count(*) from messages where state = 'FAILED'").await?;
            anyhow::bail!("only {arrived} messages were sent, {failed} failed");
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    while pool.count("select count(*) from messages where state = 'SENT'").await? < wanted {
        anyhow::ensure!(start.elapsed() < PATIENCE, "not all messages were settled");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (began, before) = began.unwrap_or((start, 0));
    let elapsed = began.elapsed();
    process.stop().await?;
    platform.stop().await;
    database.drop().await?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    Ok((bench.messages - before) as f64 / elapsed.as_secs_f64())
}

/// One message of each contact, so that they may be answered.
pub async fn everybody_writes(process: &engine::Process, channel: &str, pool: &Pool) -> anyhow::Result<()> {
    let url = format!("http://127.0.0.1:{}/webhook/{channel}", process.port);
    Load { url, webhooks: CONVERSATIONS, connections: 8, rate: None, run: "first" }.run().await?;
    let patience = Instant::now() + Duration::from_mins(1);
    while pool.count("select count(*) from messages").await? < i64::try_from(CONVERSATIONS)? {
        anyhow::ensure!(Instant::now() < patience, "the contacts' messages were not committed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Answers to every contact in turn, as rows.
pub async fn queue(pool: &Pool, messages: usize) -> anyhow::Result<()> {
    let columns = "id, organisation_id, channel_id, conversation_id, direction, sender_name, kind, text, content, \
                   metadata, state, priority, sequence, due_at, platform_at, created_at, updated_at";
    let numbers: Vec<usize> = (0..messages).collect();
    let per = CONVERSATIONS;
    match pool {
        Pool::Postgres(pool) => {
            let statement = format!(
                "insert into messages ({columns}) select gen_random_uuid(), c.organisation_id, c.channel_id, c.id, \
                 'OUTBOUND', 'Bench', 'text', 'hi', '{{\"text\":\"hi\"}}', '{{}}', 'QUEUED', 0, \
                 1000000 + n.value::text::integer, c.created_at, c.created_at, c.created_at, c.created_at \
                 from jsonb_array_elements($1::jsonb) n join (select *, row_number() over (order by id) - 1 as place \
                 from conversations) c on c.place = n.value::text::integer % {per}"
            );
            sqlx::query(sqlx::AssertSqlSafe(statement)).bind(serde_json::to_string(&numbers)?).execute(pool).await?;
        }
        Pool::Sqlite(pool) => {
            let statement = format!(
                "insert into messages ({columns}) select randomblob(16), c.organisation_id, c.channel_id, c.id, \
                 'OUTBOUND', 'Bench', 'text', 'hi', '{{\"text\":\"hi\"}}', '{{}}', 'QUEUED', 0, \
                 1000000 + n.value, c.created_at, c.created_at, c.created_at, c.created_at \
                 from json_each($1) n join (select *, row_number() over (order by id) - 1 as place \
                 from conversations) c on c.place = n.value % {per}"
            );
            sqlx::query(sqlx::AssertSqlSafe(statement)).bind(serde_json::to_string(&numbers)?).execute(pool).await?;
        }
    }
    Ok(())
}
