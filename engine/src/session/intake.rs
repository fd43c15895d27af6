//! From the bus to the sessions: a consumer per direction for each partition
//! that this node owns. Webhooks go to their channel's desk, or among its parked
//! ones; wake-ups go to its session, which looks into the message table.

use std::{collections::HashMap, sync::Arc, time::Duration};

use patchbay_store::jobs::Partitions;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::Sessions;
use crate::{
    bus::{Bus, Delivery, Direction},
    ingress::envelope::{Inbound, Outbound},
    membership::OwnedPartitions,
};

/// How often channels with something to send or parked webhooks are looked for, in case a wake-up was lost.
const SWEEP: Duration = Duration::from_secs(15);
/// How often channels that are due to be looked after are looked for.
const TEND: Duration = Duration::from_secs(1);

pub struct Intake {
    pub bus: Bus,
    pub sessions: Sessions,
    pub partitions: Partitions,
    pub prefetch: u16,
    pub owned: watch::Receiver<Arc<OwnedPartitions>>,
    pub stop: CancellationToken,
}

impl Intake {
    /// Consumes what this node owns until stopped.
    pub async fn run(mut self) {
        let mut consumers: HashMap<u32, CancellationToken> = HashMap::new();
        let tasks = TaskTracker::new();
        let mut sweep = tokio::time::interval(SWEEP);
        let mut tend = tokio::time::interval(TEND);
        tend.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let owned: Vec<u32> = self.owned.borrow_and_update().partitions().collect();
            consumers.retain(|partition, stop| {
                let keep = owned.contains(partition);
                if !keep {
                    stop.cancel();
                }
                keep
            });
            let mut gained = Vec::new();
            for partition in owned.iter().copied() {
                consumers.entry(partition).or_insert_with(|| {
                    gained.push(partition);
                    let stop = self.stop.child_token();
                    self.consume(partition, &stop, &tasks);
                    stop
                });
            }
            self.wake_channels(&gained).await;
            tokio::select! {
                () = self.stop.cancelled() => break,
                changed = self.owned.changed() => if changed.is_err() { break },
                _ = sweep.tick() => self.wake_channels(&owned).await,
                _ = tend.tick() => self.sessions.tend_due(self.partitions, &owned).await,
            }
        }
        tasks.close();
        tasks.wait().await;
    }

    fn consume(&self, partition: u32, stop: &CancellationToken, tasks: &TaskTracker) {
        let mut inbound = self.bus.consume(Direction::Inbound, partition, self.prefetch, stop.clone());
        let (sessions, partitions) = (self.sessions.clone(), self.partitions);
        tasks.spawn(async move {
            let mut term = None;
            while let Some(delivery) = inbound.next().await {
                // Another node may have parked webhooks up to now, and none from now on.
                if term.replace(delivery.term()) != Some(delivery.term()) {
                    sessions.look_for_parked(partitions, partition).await;
                }
                deliver(&sessions, delivery).await;
            }
            sessions.hand_over(partitions, partition).await;
        });
        let mut outbound = self.bus.consume(Direction::Outbound, partition, self.prefetch, stop.clone());
        let sessions = self.sessions.clone();
        tasks.spawn(async move {
            while let Some(delivery) = outbound.next().await {
                wake(&sessions, delivery).await;
            }
        });
    }

    /// Wakes the session of every channel that has something to send or parked webhooks.
    async fn wake_channels(&self, partitions: &[u32]) {
        if partitions.is_empty() {
            return;
        }
        if let Err(error) = self.sessions.wake_channels(self.partitions, partitions).await {
            tracing::warn!(%error, "channels with work could not be read; trying again");
        }
    }
}

async fn deliver(sessions: &Sessions, delivery: Delivery) {
    match serde_json::from_str::<Inbound>(&delivery.payload) {
        Ok(envelope) => sessions.deliver(envelope, delivery).await,
        Err(error) => sessions.bury_unreadable(delivery, &error.to_string()).await,
    }
}

async fn wake(sessions: &Sessions, delivery: Delivery) {
    match serde_json::from_str::<Outbound>(&delivery.payload) {
        Ok(Outbound::V1 { channel_id, message_id: _ }) => {
            sessions.wake(channel_id);
            acknowledge(delivery).await;
        }
        Err(error) => {
            // The sweep makes up for it: the message table says what is to be sent.
            tracing::error!(key = %delivery.key, %error, "a wake-up cannot be read by this version");
            acknowledge(delivery).await;
        }
    }
}

async fn acknowledge(delivery: Delivery) {
    if let Err(error) = delivery.ack().await {
        tracing::debug!(%error, "a wake-up will come again");
    }
}
