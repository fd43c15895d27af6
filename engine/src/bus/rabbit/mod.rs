//! The bus on RabbitMQ 3.10 or newer: a quorum queue per direction and
//! partition, worked by one consumer at a time (single active consumer).
//! Publications are persistent, mandatory and confirmed.

mod consumer;
mod link;
mod publisher;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lapin::{
    Channel,
    options::QueueDeclareOptions,
    types::{AMQPValue, FieldTable},
    uri::AMQPUri,
};
use patchbay_domain::ChannelId;
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{BusConfig, BusError, BusStatus, Direction, Feed, Partitions, Publication, answer::Done, word};
use consumer::Feeder;
use link::Link;
use publisher::{Message, Publisher};

/// A broker that was not heard of for twice as long is taken for lost.
const HEARTBEAT_SECONDS: u16 = 10;
const CONNECT_MILLISECONDS: u64 = 10_000;

#[derive(Clone)]
pub struct Rabbit(Arc<Inner>);

struct Inner {
    prefix: String,
    partitions: Partitions,
    publish_timeout: Duration,
    publishing: Arc<Link>,
    consuming: Arc<Link>,
    publisher: Publisher,
    relay: RelayWakes,
    /// Ends the publisher with the last clone of the bus.
    _closed: DropGuard,
}

/// Partitions whose outbox has something for the relay.
#[derive(Default)]
struct RelayWakes {
    partitions: Mutex<BTreeSet<u32>>,
    woken: Notify,
}

impl Rabbit {
    pub(super) async fn connect(url: &str, config: BusConfig) -> Result<Self, BusError> {
        let BusConfig { amqp_url: _, queue_prefix, partitions, publish_timeout } = config;
        let mut uri: AMQPUri = url.parse().map_err(BusError::Address)?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        uri.query.connection_timeout.get_or_insert(CONNECT_MILLISECONDS);
        let queues: Arc<[String]> = [Direction::Inbound, Direction::Outbound]
            .into_iter()
            .flat_map(|direction| (0..partitions.0).map(move |partition| (direction, partition)))
            .map(|(direction, partition)| queue_name(&queue_prefix, direction, partition))
            .collect();
        let publishing = Arc::new(Link::new(uri.clone(), "patchbay publisher"));
        let consuming = Arc::new(Link::new(uri, "patchbay consumer"));
        consuming.connect().await.map_err(BusError::Broker)?;
        publishing.connect().await.map_err(BusError::Broker)?;
        declare(&publishing.channel().await, &queues).await.map_err(|error| BusError::Broker(error.to_string()))?;
        let closed = CancellationToken::new();
        let publisher = Publisher::spawn(Arc::clone(&publishing), queues, closed.clone());
        Ok(Self(Arc::new(Inner {
            prefix: queue_prefix,
            partitions,
            publish_timeout,
            publishing,
            consuming,
            publisher,
            relay: RelayWakes::default(),
            _closed: closed.drop_guard(),
        })))
    }

    pub(super) async fn publish(&self, direction: Direction, publication: Publication) -> Result<(), BusError> {
        let durable = async {
            let confirmed = self.submit(direction, publication).await?.await;
            if confirmed { Ok(()) } else { Err(BusError::Closed) }
        };
        match tokio::time::timeout(self.0.publish_timeout, durable).await {
            Ok(published) => published,
            Err(_) => Err(BusError::Unavailable(self.0.publish_timeout)),
        }
    }

    /// Puts a publication in line behind those submitted before it. The answer comes when it is durable;
    /// whoever drops the answer gives the publication up.
    pub(super) async fn submit(&self, direction: Direction, publication: Publication) -> Result<Done, BusError> {
        let partition = self.0.partitions.of(publication.channel_id);
        let message = Message::new(queue_name(&self.0.prefix, direction, partition), publication);
        self.0.publisher.submit(Arc::new(message)).await
    }

    pub(super) fn feed(&self, feed: Feed) {
        let queue = queue_name(&self.0.prefix, feed.direction, feed.partition);
        tokio::spawn(Feeder { link: Arc::clone(&self.0.consuming), queue, feed }.run());
    }

    pub(super) fn wake_relay(&self, channel_id: ChannelId) {
        let RelayWakes { partitions, woken } = &self.0.relay;
        partitions.lock().unwrap_or_else(PoisonError::into_inner).insert(self.0.partitions.of(channel_id));
        woken.notify_one();
    }

    /// Waits until the outbox of some partitions has something.
    pub(super) async fn relay_woken(&self) -> BTreeSet<u32> {
        let RelayWakes { partitions, woken } = &self.0.relay;
        woken.notified().await;
        std::mem::take(&mut *partitions.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn status(&self) -> BusStatus {
        match (self.0.publishing.status(), self.0.consuming.status()) {
            (BusStatus::Disconnected, _) | (_, BusStatus::Disconnected) => BusStatus::Disconnected,
            (publishing, _) => publishing,
        }
    }
}

fn queue_name(prefix: &str, direction: Direction, partition: u32) -> String {
    format!("{prefix}.{}.{partition}", word(direction))
}

/// On every new connection, as the broker may have come back empty.
async fn declare(channel: &Channel, queues: &[String]) -> lapin::Result<()> {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
    // What cannot be worked becomes a dead letter of ours. RabbitMQ 4 would throw it away after 20
    // deliveries; -1 turns that off only there, so this is the largest number both know.
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(i32::MAX));
    for queue in queues {
        channel.queue_declare(queue.as_str().into(), QueueDeclareOptions::durable(), arguments.clone()).await?;
    }
    Ok(())
}
