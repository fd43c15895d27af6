//! Channel sessions: one actor per active channel reads its webhooks, keeps the
//! order of each conversation, paces what goes out and keeps the platform
//! session's state. What it must not lose lies on its [`desk`], outside of it.

mod actor;
pub mod desk;
mod inbound;
pub mod intake;
mod lanes;
mod outbound;
pub mod tenure;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use actix::ArbiterHandle;
use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId,
    platform::{Command, Failure, Outcome, TransportError},
};
use patchbay_plugin_host::{CallError, Egress, MediaStore};
use patchbay_store::{
    Store,
    dead_letters::NewDeadLetter,
    jobs::{Direction, Partitions},
    statuses::StatusReport,
};

use crate::{
    batch::Batcher,
    bus::{Bus, BusError, Delivery, Publication},
    channels::{ChannelError, Channels},
    conversation::Conversations,
    egress::{command, sender::Sender},
    ingress::envelope::{InboundV1, Outbound},
    pool::Pool,
    retry,
    supervision::{ActorSnapshot, AskError, Registry, RestartPolicy},
};
use actor::{Pump, SessionActor, Wake};
use desk::{Desk, lock};
use tenure::Tenure;

const STATUS_BATCH: usize = 256;

#[derive(Debug, Clone, thiserror::Error)]
pub enum SessionError {
    #[error("there is no such channel")]
    UnknownChannel,
    #[error("the platform answered: {}", .0.message)]
    Failed(Failure),
    #[error("the platform could not be reached: {0}")]
    Transport(String),
    #[error("the connector failed: {0}")]
    Connector(String),
    #[error("the channel cannot be worked with now: {0}")]
    Unavailable(String),
}

impl From<ChannelError> for SessionError {
    fn from(error: ChannelError) -> Self {
        match error {
            ChannelError::Unknown => Self::UnknownChannel,
            other => Self::Unavailable(other.to_string()),
        }
    }
}

impl From<CallError> for SessionError {
    fn from(error: CallError) -> Self {
        Self::Connector(error.to_string())
    }
}

impl From<TransportError> for SessionError {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::NotSent(reason) | TransportError::Unknown(reason) | TransportError::Refused(reason) => {
                Self::Transport(reason)
            }
        }
    }
}

impl From<AskError> for SessionError {
    fn from(error: AskError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// What every channel session works with.
pub struct Shared {
    pub store: Store,
    pub channels: Channels,
    pub conversations: Conversations,
    pub sender: Sender,
    pub tenure: Tenure,
    pub egress: Egress,
    pub media: Arc<dyn MediaStore>,
    pub pool: Pool,
    pub clock: fn() -> DateTime<Utc>,
    pub idle_after: Duration,
    pub mailbox: usize,
    /// Sends in flight per channel.
    pub concurrency: usize,
    statuses: Batcher<Vec<StatusReport>, Result<(), String>>,
    desks: Mutex<HashMap<ChannelId, Arc<Desk>>>,
}

pub struct Settings {
    pub idle_after: Duration,
    pub mailbox: usize,
    pub concurrency: usize,
}

pub struct Tools {
    pub store: Store,
    pub channels: Channels,
    pub conversations: Conversations,
    pub sender: Sender,
    pub tenure: Tenure,
    pub egress: Egress,
    pub media: Arc<dyn MediaStore>,
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
        let Settings { idle_after, mailbox, concurrency } = settings;
        let Tools { store, channels, conversations, sender, tenure, egress, media, pool, clock } = tools;
        let statuses = {
            let store = store.clone();
            Batcher::spawn(STATUS_BATCH, 2, move |batch| {
                let store = store.clone();
                async move { lanes::apply_statuses(&store, batch, clock).await }
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
            statuses,
            desks: Mutex::default(),
        });
        Self { actors: Registry::new(arbiters, Arc::clone(&shared), restart), shared }
    }

    /// Lays a webhook on the channel's desk, waiting for room there, and lets the session know.
    pub async fn deliver(&self, envelope: InboundV1, delivery: Delivery) {
        let desk = self.shared.desk(envelope.channel_id);
        desk.put(envelope, delivery).await;
        self.pump(&desk);
    }

    /// Keeps a job that no version understands for a person to look at; where it cannot be kept, it goes back.
    pub async fn bury_unreadable(&self, delivery: Delivery, reason: &str) {
        tracing::error!(key = %delivery.key, reason, "a job from the bus cannot be read by this version");
        let letter = NewDeadLetter {
            channel_id: delivery.channel_id,
            direction: Direction::Inbound,
            reason: reason.to_owned(),
            payload: delivery.payload.to_string(),
        };
        let Shared { store, clock, .. } = &*self.shared;
        let kept = retry::while_unavailable("insert_dead_letter", || store.insert_dead_letter(&letter, clock())).await;
        match kept {
            Ok(_) => {
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

    /// Asks the platform for something now, on behalf of a person who waits.
    pub async fn command(&self, channel: ChannelId, request: Command) -> Result<Outcome, SessionError> {
        let desk = self.shared.desk(channel);
        let channel = self.shared.channels.get(channel).await?;
        let Shared { egress, media, clock, pool, .. } = &*self.shared;
        let (egress, media, clock) = (egress.clone(), Arc::clone(media), *clock);
        let done =
            pool.run(async move { command::run(&desk.instance, &egress, &channel, &request, clock, &*media).await });
        match done.await {
            Ok(Ok(outcome)) => Ok(outcome),
            Ok(Err(failure)) => Err(SessionError::Failed(failure)),
            Err(interrupted) => Err(interrupted.error.into()),
        }
    }

    pub fn registry(&self) -> &Registry<SessionActor> {
        &self.actors
    }

    pub async fn snapshots(&self) -> Vec<ActorSnapshot> {
        self.actors.snapshots().await
    }

    /// Webhooks taken from the bus and not yet done, and sends on their way.
    pub fn under_way(&self) -> (usize, usize) {
        let desks = lock(&self.shared.desks);
        desks
            .values()
            .fold((0, 0), |(inbound, outbound), desk| (inbound + desk.waiting(), outbound + desk.in_flight_count()))
    }

    /// Whether a message of one of this partition's channels is on its way.
    pub fn sending_in(&self, partitions: Partitions, partition: u32) -> bool {
        let desks = lock(&self.shared.desks);
        desks.values().any(|desk| partitions.of(desk.channel_id) == partition && desk.in_flight_count() > 0)
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
    pub fn desk(&self, channel: ChannelId) -> Arc<Desk> {
        Arc::clone(lock(&self.desks).entry(channel).or_insert_with(|| Arc::new(Desk::new(channel))))
    }
}
