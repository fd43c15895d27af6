//! Webhooks for which a desk has no room. A channel that cannot keep up has
//! its webhooks parked in a table, so that the bus goes on with the others.
//!
//! What keeps the order: the table holds a channel's webhooks in the order of
//! their arrival, and before one is parked, those on the desk that the bus still
//! keeps are parked as well. So what the bus brings again after a crash is newer
//! than every row or has one already. As long as the table may hold more, all
//! that arrives is parked; the desk is filled from the table.
//!
//! All of it is done by the channel's clerk, in `clerk.rs`; here is who calls it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use patchbay_store::{StoreError, jobs::Partitions};

use super::{
    Sessions,
    arrival::{Arrival, Settlement, Source},
    clerk::acknowledge,
    desk::{Desk, lock},
    overflow::room,
};
use crate::{bus::Delivery, ingress::envelope::Inbound, retry};

/// What this long after the end of its consumer is still not done is parked, so that the partition can be handed over.
const HAND_OVER: Duration = Duration::from_secs(5);
const HAND_OVER_LOOK: Duration = Duration::from_millis(20);
const REFUSED_PAUSE: Duration = Duration::from_secs(1);

impl Sessions {
    /// Takes a webhook off the bus: onto the channel's desk, or where that stays full, into the table.
    pub async fn deliver(&self, envelope: Inbound, delivery: Delivery) {
        let desk = self.shared.desk(envelope.channel_id());
        if !lock(&desk.overflow).parked && room(&desk).await {
            desk.put(envelope, delivery.payload.len(), Source::Bus(delivery));
            self.pump(&desk);
            return;
        }
        {
            let mut overflow = lock(&desk.overflow);
            if !overflow.parked {
                tracing::info!(channel.id = %desk.channel_id, "a channel cannot keep up; its webhooks are parked");
                overflow.parked = true;
            }
            overflow.waiting.push_back((envelope.id(), delivery));
        }
        self.call_clerk(&desk);
    }

    /// Looks which channels of a partition have parked webhooks. Nothing of the partition may be delivered before:
    /// what the bus brings comes behind them.
    pub async fn look_for_parked(&self, partitions: Partitions, partition: u32) {
        let store = &self.shared.store;
        loop {
            let look = || store.channels_with_parked(partitions, std::slice::from_ref(&partition));
            match retry::while_unavailable("channels_with_parked", look).await {
                Ok(channels) => {
                    for channel in channels {
                        self.unpark(&self.shared.desk(channel));
                    }
                    return;
                }
                Err(error) => {
                    tracing::error!(partition, %error, "parked webhooks could not be looked for; trying again");
                    tokio::time::sleep(REFUSED_PAUSE).await;
                }
            }
        }
    }

    /// Wakes the session of every channel of these partitions that has something to send or parked webhooks.
    pub async fn wake_channels(&self, partitions: Partitions, of: &[u32]) -> Result<(), StoreError> {
        for channel in self.shared.store.channels_with_work(partitions, of).await? {
            self.wake(channel);
        }
        for channel in self.shared.store.channels_with_parked(partitions, of).await? {
            self.unpark(&self.shared.desk(channel));
        }
        Ok(())
    }

    /// After the end of a partition's consumer: a slow channel's webhooks are parked for the next owner, which need
    /// not wait until they are done.
    pub async fn hand_over(&self, partitions: Partitions, partition: u32) {
        let desks: Vec<Arc<Desk>> = lock(&self.shared.desks)
            .values()
            .filter(|desk| partitions.of(desk.channel_id) == partition)
            .cloned()
            .collect();
        let begun = Instant::now();
        while begun.elapsed() < HAND_OVER && desks.iter().any(|desk| desk.waiting() > 0) {
            tokio::time::sleep(HAND_OVER_LOOK).await;
        }
        for desk in desks.into_iter().filter(|desk| desk.waiting() > 0) {
            lock(&desk.overflow).leaving = true;
            self.unpark(&desk);
        }
    }

    /// A webhook is done: it is acknowledged, or its row deleted.
    pub(super) fn finish(&self, desk: &Arc<Desk>, arrival: &Arc<Arrival>) {
        let settlement = arrival.settle();
        if !matches!(settlement, Settlement::Delete(_)) {
            desk.remove(arrival);
        }
        let (sessions, desk, arrival) = (self.clone(), Arc::clone(desk), Arc::clone(arrival));
        self.shared.pool.detach(async move {
            match settlement {
                Settlement::Acknowledge(delivery) => acknowledge(arrival.envelope.id(), delivery).await,
                Settlement::Delete(row) => {
                    if !matches!(sessions.shared.unparked.run(row).await, Ok(true)) {
                        tracing::warn!(webhook.id = %arrival.envelope.id(), "a parked webhook will come again");
                    }
                    desk.remove(&arrival);
                }
                Settlement::Nothing => {}
            }
            if lock(&desk.overflow).parked && desk.is_half_free() {
                sessions.call_clerk(&desk);
            }
        });
    }

    fn unpark(&self, desk: &Arc<Desk>) {
        lock(&desk.overflow).parked = true;
        self.call_clerk(desk);
    }
}
