//! What the bus promises, on every size, with real databases and a real broker.

mod delivery;
mod loss;
mod ownership;
mod relay;

use std::{collections::BTreeSet, time::Duration};

use chrono::Utc;
use patchbay_domain::{ChannelId, NodeId};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Bus, BusConfig, BusError, BusStatus, Consumer, Delivery, Direction, Publication};
use crate::testing::{PATIENCE, Space, Wire, connect, on_sizes, until};

const PREFETCH: u16 = 64;

fn config(space: &Space) -> BusConfig {
    BusConfig {
        amqp_url: space.amqp_url.clone(),
        queue_prefix: space.queue_prefix.clone(),
        partitions: space.partitions,
        publish_timeout: Duration::from_secs(5),
    }
}

/// A node of its own.
async fn bus(space: &Space) -> Bus {
    Bus::connect(config(space), space.store.clone(), NodeId::at(Utc::now())).await.unwrap()
}

/// A node that reaches its broker, or without one its database, by this wire.
async fn bus_by(wire: &Wire, space: &Space, publish_timeout: Duration) -> Bus {
    let mut config = BusConfig { publish_timeout, ..config(space) };
    let store = match config.amqp_url.take() {
        Some(url) => {
            config.amqp_url = Some(wire.lead(&url));
            space.store.clone()
        }
        None => connect(&wire.lead(&space.database_url)).await,
    };
    Bus::connect(config, store, NodeId::at(Utc::now())).await.unwrap()
}

async fn wire(space: &Space) -> Wire {
    match &space.amqp_url {
        Some(url) => Wire::to(url, 5672).await,
        None => Wire::to(&space.database_url, 5432).await,
    }
}

fn channels_in(space: &Space, partition: u32) -> impl Iterator<Item = ChannelId> {
    let partitions = space.partitions;
    let all = (0..).map(|seed| ChannelId::from_uuid(Uuid::from_u128(seed)));
    all.filter(move |id| partitions.of(*id) == partition)
}

fn channel_in(space: &Space, partition: u32) -> ChannelId {
    channels_in(space, partition).next().unwrap()
}

fn publication(channel_id: ChannelId, number: u128) -> Publication {
    Publication { channel_id, key: Uuid::from_u128(number), payload: number.to_string() }
}

/// One of so many bytes.
fn large(channel_id: ChannelId, number: u128, bytes: usize) -> Publication {
    let number = publication(channel_id, number);
    Publication { payload: "0".repeat(bytes - number.payload.len()) + &number.payload, ..number }
}

async fn publish(bus: &Bus, channel_id: ChannelId, numbers: impl IntoIterator<Item = u128>) {
    for number in numbers {
        bus.publish(Direction::Inbound, publication(channel_id, number)).await.unwrap();
    }
}

fn consume(bus: &Bus, partition: u32, prefetch: u16) -> Consumer {
    bus.consume(Direction::Inbound, partition, prefetch, CancellationToken::new())
}

async fn next(consumer: &mut Consumer) -> Delivery {
    let delivery = tokio::time::timeout(PATIENCE, consumer.next()).await.expect("a delivery comes in time");
    let delivery = delivery.expect("the consumer was not stopped");
    assert_eq!(delivery.payload.parse(), Ok(delivery.key.as_u128()));
    delivery
}

async fn take(consumer: &mut Consumer, count: usize) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    for _ in 0..count {
        deliveries.push(next(consumer).await);
    }
    deliveries
}

fn numbers(deliveries: &[Delivery]) -> Vec<u128> {
    deliveries.iter().map(|delivery| delivery.key.as_u128()).collect()
}

async fn ack_all(deliveries: Vec<Delivery>) {
    for delivery in deliveries {
        delivery.ack().await.unwrap();
    }
}

/// The partition is empty: what is published now is what comes next.
async fn assert_drained(bus: &Bus, space: &Space, partition: u32) {
    const LAST: u128 = u128::MAX;
    publish(bus, channel_in(space, partition), [LAST]).await;
    let last = next(&mut consume(bus, partition, PREFETCH)).await;
    assert_eq!(last.key.as_u128(), LAST);
    last.ack().await.unwrap();
}
