//! The least program that is still safe: a handler that publishes durably
//! before it answers, a consumer that inserts in batches and then acknowledges.

use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};
use futures_util::StreamExt;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
        QueueDeclareOptions,
    },
    types::{AMQPValue, FieldTable},
};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::{
    Size,
    database::{self, Pool},
};

const BATCH: usize = 200;
pub const TABLES: &str = "create table if not exists floor_jobs (id text primary key, body text not null); \
     create table if not exists floor_messages (id text primary key, body text not null);";

const ENQUEUE: [&str; 2] = [
    "insert into floor_jobs select r.id, r.body from jsonb_to_recordset($1::jsonb) as r(id text, body text)",
    "insert into floor_jobs select value->>'id', value->>'body' from json_each($1)",
];
const INSERT: [&str; 2] = [
    "insert into floor_messages select r.id, r.body from jsonb_to_recordset($1::jsonb) as r(id text, body text) \
     on conflict do nothing",
    "insert into floor_messages select value->>'id', value->>'body' from json_each($1) where true \
     on conflict do nothing",
];
const DELETE: [&str; 2] = [
    "delete from floor_jobs where id in (select r.id from jsonb_to_recordset($1::jsonb) as r(id text))",
    "delete from floor_jobs where id in (select value->>'id' from json_each($1))",
];

type Row = (String, String);
type Waiting = (Row, oneshot::Sender<()>);

#[derive(Clone)]
enum Publisher {
    Rabbit { channel: Channel, queue: String },
    Tables { queue: mpsc::Sender<Waiting> },
}

impl Publisher {
    async fn publish(&self, id: String, body: String) -> anyhow::Result<()> {
        match self {
            Self::Rabbit { channel, queue } => {
                let properties = BasicProperties::default().with_delivery_mode(2).with_message_id(id.into());
                let options = BasicPublishOptions { mandatory: true, ..Default::default() };
                let sent =
                    channel.basic_publish("".into(), queue.as_str().into(), options, body.as_bytes(), properties);
                let confirmed = sent.await?.await?;
                anyhow::ensure!(matches!(confirmed, Confirmation::Ack(None)), "not confirmed");
            }
            Self::Tables { queue } => {
                let (done, wait) = oneshot::channel();
                queue.send(((id, body), done)).await?;
                wait.await?;
            }
        }
        Ok(())
    }
}

pub async fn serve(size: Size, port: u16, database: &str, queue: &str) -> anyhow::Result<()> {
    let pool = database::pool(database).await?;
    pool.run(TABLES).await?;
    let publisher = match size {
        Size::Scale => rabbit(pool, queue).await?,
        Size::Embedded | Size::Postgres => tables(pool),
    };
    let server = HttpServer::new(move || {
        App::new().app_data(web::Data::new(publisher.clone())).app_data(web::PayloadConfig::new(16 << 20)).route(
            "/webhook",
            web::post().to(|body: String, publisher: web::Data<Publisher>| async move {
                match publisher.publish(Uuid::now_v7().to_string(), body).await {
                    Ok(()) => HttpResponse::Ok().body("{\"ok\":true}"),
                    Err(_) => HttpResponse::ServiceUnavailable().finish(),
                }
            }),
        )
    });
    server.workers(2).bind(("127.0.0.1", port))?.run().await?;
    Ok(())
}

async fn rabbit(pool: Pool, queue: &str) -> anyhow::Result<Publisher> {
    let connection = Connection::connect(&database::amqp_url()?, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let durable = QueueDeclareOptions { durable: true, ..Default::default() };
    channel.queue_declare(queue.into(), durable, arguments).await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let consumer = connection.create_channel().await?;
    consumer.basic_qos(u16::try_from(BATCH * 2)?, BasicQosOptions::default()).await?;
    let deliveries = consumer
        .basic_consume(queue.into(), "floor".into(), BasicConsumeOptions::default(), FieldTable::default())
        .await?;
    tokio::spawn(async move {
        // Kept as long as anything is consumed.
        let _connection = connection;
        let mut batches = deliveries.ready_chunks(BATCH);
        while let Some(batch) = batches.next().await {
            let batch: Vec<_> = batch.into_iter().filter_map(Result::ok).collect();
            let rows: Vec<Row> = batch
                .iter()
                .map(|delivery| {
                    let id = delivery.properties.message_id().as_ref().map(ToString::to_string).unwrap_or_default();
                    (id, String::from_utf8_lossy(&delivery.data).into_owned())
                })
                .collect();
            if write(&pool, INSERT, &rows).await.is_err() {
                return;
            }
            if let Some(last) = batch.last()
                && last.ack(BasicAckOptions { multiple: true }).await.is_err()
            {
                return;
            }
        }
    });
    Ok(Publisher::Rabbit { channel, queue: queue.to_owned() })
}

fn tables(pool: Pool) -> Publisher {
    let (queue, mut waiting) = mpsc::channel::<Waiting>(4096);
    let (published, mut jobs) = mpsc::channel::<Vec<Row>>(64);
    let writer = pool.clone();
    tokio::spawn(async move {
        let mut batch = Vec::new();
        while waiting.recv_many(&mut batch, BATCH).await > 0 {
            let (rows, done): (Vec<Row>, Vec<_>) = batch.drain(..).unzip();
            if write(&writer, ENQUEUE, &rows).await.is_err() {
                return;
            }
            for done in done {
                // A caller that went away no longer wants to know.
                done.send(()).ok();
            }
            if published.send(rows).await.is_err() {
                return;
            }
        }
    });
    tokio::spawn(async move {
        while let Some(rows) = jobs.recv().await {
            if write(&pool, INSERT, &rows).await.is_err() || write(&pool, DELETE, &rows).await.is_err() {
                return;
            }
        }
    });
    Publisher::Tables { queue }
}

async fn write(pool: &Pool, [postgres, sqlite]: [&'static str; 2], rows: &[Row]) -> anyhow::Result<()> {
    let json: Vec<_> = rows.iter().map(|(id, body)| json!({"id": id, "body": body})).collect();
    let written = pool.run_json(postgres, sqlite, serde_json::to_string(&json)?).await;
    if let Err(error) = &written {
        eprintln!("the floor cannot write: {error}");
    }
    written
}

/// Waits until a server answers on this port.
pub async fn listening(port: u16) -> anyhow::Result<()> {
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        anyhow::ensure!(std::time::Instant::now() < deadline, "nothing listens on port {port}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
