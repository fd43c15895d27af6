//! What consumers are given: a delivery owns what settles it, so it is settled
//! once, and one that is forgotten comes again.

use std::sync::Arc;

use patchbay_domain::ChannelId;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::{
    BusError, Direction,
    shelf::{Item, Shelf, Taken},
    word,
};

/// Ends only when it is stopped.
pub struct Consumer {
    shelf: Arc<Shelf>,
    direction: Direction,
    /// Tells the feeder when the consumer is dropped.
    _stop: DropGuard,
}

impl Consumer {
    pub(super) fn new(shelf: Arc<Shelf>, direction: Direction, stop: CancellationToken) -> Self {
        Self { shelf, direction, _stop: stop.drop_guard() }
    }

    /// The next delivery, or none when the consumer was stopped. Safe to cancel.
    pub async fn next(&mut self) -> Option<Delivery> {
        loop {
            match self.shelf.take() {
                Taken::Item { term, tag, item } => {
                    metrics::counter!("patchbay_bus_delivered_total", "direction" => word(self.direction)).increment(1);
                    let Item { channel_id, key, payload, redelivered } = item;
                    let acker = Acker { shelf: Arc::clone(&self.shelf), direction: self.direction, term, tag };
                    return Some(Delivery { channel_id, key, payload, redelivered, acker });
                }
                Taken::Nothing => self.shelf.arrived().await,
                Taken::Closed => return None,
            }
        }
    }
}

/// Dropped without being acknowledged, it comes again.
#[must_use]
pub struct Delivery {
    pub channel_id: ChannelId,
    pub key: Uuid,
    pub payload: Arc<str>,
    /// It was handed out before, as far as this consumer knows.
    pub redelivered: bool,
    acker: Acker,
}

impl Delivery {
    /// Which of its consumer's turns brought it: with each, what others worked meanwhile is settled.
    pub fn term(&self) -> u64 {
        self.acker.term
    }

    /// Call it after the commit. Returns when the acknowledgement is carried out; those that come
    /// together are carried out together.
    pub async fn ack(self) -> Result<(), BusError> {
        self.acker.acknowledge().await
    }

    /// Gives it back, for another attempt: at once by this consumer, or by the next one if this one is
    /// stopped. Others get a turn first.
    pub async fn release(self) {
        drop(self.acker);
        tokio::task::yield_now().await;
    }
}

struct Acker {
    shelf: Arc<Shelf>,
    direction: Direction,
    term: u64,
    tag: u64,
}

impl Acker {
    async fn acknowledge(self) -> Result<(), BusError> {
        if !self.shelf.acknowledge(self.term, self.tag).await {
            return Err(BusError::TakenBack);
        }
        metrics::counter!("patchbay_bus_acked_total", "direction" => word(self.direction)).increment(1);
        Ok(())
    }
}

impl Drop for Acker {
    /// After an acknowledgement there is nothing left to release.
    fn drop(&mut self) {
        self.shelf.release(self.term, self.tag);
    }
}
