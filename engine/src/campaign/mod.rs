//! Campaigns: one actor per campaign that is sending, on the node that works
//! its channel. It queues messages a little ahead of the platform's pace, each
//! through the actor of its conversation, and knows nothing that is not in the
//! store: whichever actor comes after it goes on where it was.

mod actor;
mod turns;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix::ArbiterHandle;
use chrono::{DateTime, Utc};
use patchbay_domain::CampaignId;
use patchbay_store::{Store, StoreError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    channels::Channels,
    conversation::Conversations,
    pool::Pool,
    session::{desk::lock, tenure::Tenure},
    supervision::{ActorSnapshot, Registry, RestartPolicy},
};
use actor::{CampaignActor, Go};

/// How often campaigns are looked for whose moment has come, or that nobody works.
const ROUND: Duration = Duration::from_millis(500);

/// What every campaign actor works with.
pub struct Shared {
    pub store: Store,
    pub channels: Channels,
    pub conversations: Conversations,
    pub tenure: Tenure,
    pub pool: Pool,
    pub mailbox: usize,
    pub clock: fn() -> DateTime<Utc>,
    /// Campaigns whose actors are being told to go.
    asked: Mutex<HashSet<CampaignId>>,
    changed: Notify,
}

pub struct Tools {
    pub store: Store,
    pub channels: Channels,
    pub conversations: Conversations,
    pub tenure: Tenure,
    pub pool: Pool,
    pub mailbox: usize,
    pub clock: fn() -> DateTime<Utc>,
}

#[derive(Clone)]
pub struct Campaigns {
    actors: Registry<CampaignActor>,
    shared: Arc<Shared>,
}

impl Campaigns {
    pub fn new(arbiters: Vec<ArbiterHandle>, restart: RestartPolicy, tools: Tools) -> Self {
        let Tools { store, channels, conversations, tenure, pool, mailbox, clock } = tools;
        let (asked, changed) = (Mutex::default(), Notify::new());
        let shared = Arc::new(Shared { store, channels, conversations, tenure, pool, mailbox, clock, asked, changed });
        Self { actors: Registry::new(arbiters, Arc::clone(&shared), restart), shared }
    }

    /// Starts what is due and sees to it that what is sending is worked on, until stopped.
    pub async fn run(self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(ROUND);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.shared.changed.notified() => {}
                _ = tick.tick() => {}
            }
            if let Err(error) = self.go_round().await {
                tracing::warn!(%error, "campaigns could not be looked for; trying again");
            }
        }
    }

    /// A campaign was started or resumed: nobody need wait for the next round.
    pub fn notice(&self) {
        self.shared.changed.notify_one();
    }

    async fn go_round(&self) -> Result<(), StoreError> {
        let store = &self.shared.store;
        while store.start_scheduled_campaigns((self.shared.clock)()).await? {}
        for (id, channel_id) in store.sending_campaigns().await? {
            if self.shared.tenure.covers(channel_id) {
                self.tell(id);
            }
        }
        Ok(())
    }

    /// At most one `Go` per campaign is on its way; whoever cannot be told is told in a later round.
    fn tell(&self, id: CampaignId) {
        if !lock(&self.shared.asked).insert(id) {
            return;
        }
        let (actors, shared) = (self.actors.clone(), Arc::clone(&self.shared));
        self.shared.pool.detach(async move {
            let told = actors.ask(id, || Go).await;
            lock(&shared.asked).remove(&id);
            if let Err(error) = told {
                tracing::error!(campaign.id = %id, %error, "a campaign could not be told to go on");
            }
        });
    }

    pub fn registry(&self) -> &Registry<CampaignActor> {
        &self.actors
    }

    pub async fn snapshots(&self) -> Vec<ActorSnapshot> {
        self.actors.snapshots().await
    }
}
