//! The bus: what is published on it is durable when `publish` returns, and is
//! delivered until it is acknowledged. Channels are divided into partitions;
//! within one the order of publication is kept, and one consumer at a time
//! works it.
//!
//! [`Rabbit`] keeps the partitions in quorum queues of a broker, [`Tables`] in
//! the table `jobs` of the database; the configuration chooses. What a consumer
//! holds and has not settled lies on a `shelf`, which both share. To add a
//! third bus: a module with `publish` and a feeder that puts what it receives
//! on the shelf and carries out the acknowledgements it finds there, and a
//! variant here. Nothing of a client library leaves this module.

mod answer;
mod backoff;
mod delivery;
mod error;
mod rabbit;
pub mod relay;
mod shelf;
mod tables;
#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use patchbay_domain::{ChannelId, NodeId};
use patchbay_store::Store;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use delivery::{Consumer, Delivery};
pub use error::BusError;
pub use patchbay_store::jobs::{Direction, Partitions};
pub use rabbit::Rabbit;
use shelf::Shelf;
pub use tables::Tables;

#[derive(Clone, Debug)]
pub struct BusConfig {
    /// None: the queues are a table of the database.
    pub amqp_url: Option<String>,
    /// What the names of queues and leases begin with.
    pub queue_prefix: String,
    pub partitions: Partitions,
    /// How long a publication may wait to become durable.
    pub publish_timeout: Duration,
}

#[derive(Clone, Debug)]
pub struct Publication {
    pub channel_id: ChannelId,
    /// What it is about, so that one that comes twice is recognised.
    pub key: Uuid,
    pub payload: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusStatus {
    Connected,
    Disconnected,
    /// Connected, but the broker takes nothing for now: its memory or its disk is full.
    Blocked,
}

impl BusStatus {
    pub fn is_connected(self) -> bool {
        self == Self::Connected
    }
}

/// What a feeder is to keep supplied.
struct Feed {
    direction: Direction,
    partition: u32,
    prefetch: u16,
    shelf: Arc<Shelf>,
    stop: CancellationToken,
}

#[derive(Clone)]
pub enum Bus {
    Rabbit(Rabbit),
    Tables(Tables),
}

impl Bus {
    /// Opens the bus that the configuration names; a broker must answer now, and may go away later.
    pub async fn connect(config: BusConfig, store: Store, node: NodeId) -> Result<Self, BusError> {
        match config.amqp_url.clone() {
            Some(url) => Ok(Self::Rabbit(Rabbit::connect(&url, config).await?)),
            None => Ok(Self::Tables(Tables::new(config, store, node))),
        }
    }

    /// Returns once the publication is durable, or fails after the publish timeout. One that failed may
    /// come through nevertheless, as any may come twice.
    pub async fn publish(&self, direction: Direction, publication: Publication) -> Result<(), BusError> {
        let begun = Instant::now();
        match self {
            Self::Rabbit(rabbit) => rabbit.publish(direction, publication).await?,
            Self::Tables(tables) => tables.publish(direction, publication).await?,
        }
        metrics::counter!("patchbay_bus_published_total", "direction" => word(direction)).increment(1);
        metrics::histogram!("patchbay_bus_publish_seconds", "direction" => word(direction)).record(begun.elapsed());
        Ok(())
    }

    /// The deliveries of one partition, in order, at most `prefetch` of them unsettled. The consumer
    /// reconnects by itself. When `stop` is cancelled or it is dropped it hands nothing more out; the
    /// partition passes to the next one when everything handed out is settled.
    #[expect(clippy::needless_pass_by_value, reason = "a caller gives the consumer its token for good")]
    pub fn consume(&self, direction: Direction, partition: u32, prefetch: u16, stop: CancellationToken) -> Consumer {
        let feed = Feed { direction, partition, prefetch, shelf: Arc::default(), stop: stop.child_token() };
        let consumer = Consumer::new(Arc::clone(&feed.shelf), direction, feed.stop.clone());
        match self {
            Self::Rabbit(rabbit) => rabbit.feed(feed),
            Self::Tables(tables) => tables.feed(feed),
        }
        consumer
    }

    /// Says that jobs of this channel were committed to the outbox, so that nobody waits for the next look.
    pub fn wake(&self, channel_id: ChannelId) {
        match self {
            Self::Rabbit(rabbit) => rabbit.wake_relay(channel_id),
            Self::Tables(tables) => tables.wake(Direction::Outbound, channel_id),
        }
    }

    pub fn status(&self) -> BusStatus {
        match self {
            Self::Rabbit(rabbit) => rabbit.status(),
            Self::Tables(tables) => tables.status(),
        }
    }
}

/// As it stands in queue names and metrics.
fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
    }
}
