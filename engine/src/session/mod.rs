//! Channel sessions: one actor per active channel reads its webhooks, keeps the
//! order of each conversation, paces what goes out and keeps the platform
//! session's state. What it must not lose lies on its [`desk`], outside of it.

mod actor;
mod arrival;
mod asking;
mod clerk;
pub mod desk;
mod echoes;
mod error;
mod fact;
mod files;
mod inbound;
pub mod intake;
mod lanes;
mod look;
mod outbound;
mod overflow;
mod parking;
mod profiles;
mod receipts;
mod registration;
mod rounds;
pub mod tenure;
mod typing;
pub mod upkeep;
mod wanted;
mod whole;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use actix::ArbiterHandle;
use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, WebhookId, connection::Patience};
use patchbay_plugin_host::{MediaStore, Plugins};
use patchbay_store::{
    Store, StoreError,
    dead_letters::NewDeadLetter,
    jobs::{Direction, Partitions},
    statuses::StatusReport,
};
use tokio::sync::Notify;

use crate::{
    batch::{Batcher, Shards, organisation_shards},
    bus::{Bus, BusError, Delivery, Publication},
    channels::Channels,
    conversation::Conversations,
    egress::{Gate, sender::Sender},
    ingress::envelope::Outbound,
    pool::Pool,
    retry,
    supervision::{ActorSnapshot, Registry, RestartPolicy},
};
use actor::{Pump, SessionActor, Wake};
use desk::{Desk, lock};
pub use error::SessionError;
use tenure::Tenure;
use typing::Typists;
use upkeep::Upkeep;

const STATUS_BATCH: usize = 256;
const UNPARKED_BATCH: usize = 256;

/// What every channel session works with.
pub struct Shared {
    pub store: Store,
    pub channels: Channels,
    pub conversations: Conversations,
    pub sender: Sender,
    pub tenure: Tenure,
    pub egress: Gate,
    pub media: Arc<dyn MediaStore>,
    pub pool: Pool,
    pub clock: fn() -> DateTime<Utc>,
    pub idle_after: Duration,
    pub mailbox: usize,
    /// Sends in flight per channel.
    pub concurrency: usize,
    pub upkeep: Upkeep,
    /// Told when there are receipts to tell.
    receipts: Notify,
    typists: Typists,
    statuses: Shards<Vec<StatusReport>, Result<(), String>>,
    /// Rows of parked webhooks that are done; says whether they are gone.
    unparked: Batcher<i64, bool>,
    desks: Mutex<HashMap<ChannelId, Arc<Desk>>>,
}

pub struct Settings {
    pub idle_after: Duration,
    pub mailbox: usize,
    pub concurrency: usize,
    pub patience: Patience,
}

pub struct Tools {
    pub store: Store,
    pub channels: Channels,
    pub conversations: Conversations,
    pub sender: Sender,
    pub tenure: Tenure,
    pub egress: Gate,
    pub media: Arc<dyn MediaStore>,
    pub bus: Bus,
    pub plugins: Plugins,
    pub pool: Pool,
    pub clock: fn() -> DateTime<Utc>,
}

#[derive(Clone)]
pub struct Sessions {
    actors: Registry<SessionActor>,
    shared: Arc<Shared>,
}

impl Sessions {
    pub fn new(arbiters: Vec<ArbiterHandle>, restart: RestartPolicy, settings: Settings, tools: Tools) -> Self {
        let Settings { idle_after, mailbox, concurrency, patience } = settings;
        let Tools { store, channels, conversations, sender, tenure, egress, media, bus, plugins, pool, clock } = tools;
        let statuses = {
            let store = store.clone();
            Shards::spawn(organisation_shards(&store), STATUS_BATCH, Duration::ZERO, move |batch| {
                let store = store.clone();
                async move { lanes::apply_statuses(&store, batch, clock).await }
            })
        };
        let unparked = {
            let store = store.clone();
            Batcher::spawn(UNPARKED_BATCH, 1, move |rows| {
                let store = store.clone();
                async move { clerk::delete(&store, rows).await }
            })
        };
        let shared = Arc::new(Shared {
            store,
            channels,
            conversations,
            sender,
            tenure,
            egress,
            media,
            pool,
            clock,
            idle_after,
            mailbox,
            concurrency,
            upkeep: Upkeep::new(bus, plugins, patience, clock()),
            receipts: Notify::new(),
            typists: Typists::default(),
            statuses,
            unparked,
            desks: Mutex::default(),
        });
        Self { actors: Registry::new(arbiters, Arc::clone(&shared), restart), shared }
    }

    /// Keeps a job that no version understands for a person to look at; where it cannot be kept, it goes back.
    pub async fn bury_unreadable(&self, delivery: Delivery, reason: &str) {
        let (webhook_id, payload) = (WebhookId::from_uuid(delivery.key), delivery.payload.to_string());
        match self.shared.keep_unreadable(delivery.channel_id, webhook_id, payload, reason).await {
            Ok(()) => {
                if let Err(error) = delivery.ack().await {
                    tracing::debug!(%error, "an unreadable job will come again");
                }
            }
            Err(error) => {
                tracing::error!(%error, "an unreadable job could not be kept");
                tokio::time::sleep(Duration::from_secs(1)).await;
                delivery.release().await;
            }
        }
    }

    /// Tells the session that there may be something to send. Nothing is lost if it cannot be told now: an
    /// actor that starts looks by itself, and channels with work are looked for from time to time.
    pub fn wake(&self, channel: ChannelId) {
        let desk = self.shared.desk(channel);
        if desk.wake_asked.swap(true, Ordering::SeqCst) {
            return;
        }
        let actors = self.actors.clone();
        self.shared.pool.detach(async move {
            let told = actors.ask(channel, || Wake).await;
            desk.wake_asked.store(false, Ordering::SeqCst);
            if let Err(error) = told {
                tracing::error!(channel.id = %channel, %error, "a session could not be woken");
            }
        });
    }

    /// Tells whichever node works the channel that it changed.
    pub async fn announce(&self, bus: &Bus, channel_id: ChannelId) -> Result<(), BusError> {
        let payload = serde_json::to_string(&Outbound::V1 { channel_id, message_id: None })
            .map_err(|error| BusError::Refused(error.to_string()))?;
        bus.publish(Direction::Outbound, Publication { channel_id, key: channel_id.uuid(), payload }).await
    }

    pub fn registry(&self) -> &Registry<SessionActor> {
        &self.actors
    }

    pub async fn snapshots(&self) -> Vec<ActorSnapshot> {
        self.actors.snapshots().await
    }

    /// Webhooks taken from the bus and neither done nor parked, and sends on their way.
    pub fn under_way(&self) -> (usize, usize) {
        let desks = lock(&self.shared.desks);
        desks
            .values()
            .map(|desk| (desk.waiting() + lock(&desk.overflow).under_way(), desk.in_flight_count()))
            .fold((0, 0), |sum, desk| (sum.0 + desk.0, sum.1 + desk.1))
    }

    /// Whether a message of one of this partition's channels is on its way.
    pub fn sending_in(&self, partitions: Partitions, partition: u32) -> bool {
        let desks = lock(&self.shared.desks);
        desks.values().any(|desk| partitions.of(desk.channel_id) == partition && desk.in_flight_count() > 0)
    }

    /// Reads the paces of this partition's channels back from the store before anything is sent.
    pub fn forget_paces(&self, partitions: Partitions, partition: u32) {
        let desks: Vec<_> = lock(&self.shared.desks).values().cloned().collect();
        for desk in desks.iter().filter(|desk| partitions.of(desk.channel_id) == partition) {
            *lock(&desk.limiter) = None;
        }
    }

    /// At most one `Pump` per channel is on its way; an actor that starts looks by itself.
    fn pump(&self, desk: &Arc<Desk>) {
        if desk.pump_asked.swap(true, Ordering::SeqCst) {
            return;
        }
        let (actors, desk) = (self.actors.clone(), Arc::clone(desk));
        self.shared.pool.detach(async move {
            if actors.ask(desk.channel_id, || Pump).await.is_err() {
                desk.pump_asked.store(false, Ordering::SeqCst);
            }
        });
    }
}

impl Shared {
    /// Keeps a stored webhook that this version cannot read for a person to look at.
    async fn keep_unreadable(
        &self,
        channel_id: ChannelId,
        webhook_id: WebhookId,
        payload: String,
        reason: &str,
    ) -> Result<(), StoreError> {
        tracing::error!(webhook.id = %webhook_id, reason, "a webhook from the bus cannot be read by this version");
        let (direction, webhook_id) = (Direction::Inbound, Some(webhook_id));
        let letter = NewDeadLetter { channel_id, webhook_id, direction, reason: reason.to_owned(), payload };
        let keep = || self.store.insert_dead_letter(&letter, (self.clock)());
        retry::while_unavailable("insert_dead_letter", keep).await.map(drop)
    }

    /// Forgets a desk on which nothing lies and which nobody has but who asks for it: who wants it later gets a new one.
    fn clear_away(&self, desk: &Arc<Desk>) {
        let mut desks = lock(&self.desks);
        // Theirs, and the one in the list. Who wants another has to come past the list.
        if Arc::strong_count(desk) == 2 && desk.is_bare() {
            desks.remove(&desk.channel_id);
        }
    }

    pub fn desk(&self, channel: ChannelId) -> Arc<Desk> {
        Arc::clone(lock(&self.desks).entry(channel).or_insert_with(|| Arc::new(Desk::new(channel))))
    }
}
