//! Conversations: every change of one goes through its actor, which applies
//! the rules of `domain::conversation` and commits what follows.

mod actor;

use std::{sync::Arc, time::Duration};

use actix::ArbiterHandle;
use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use patchbay_domain::{
    ChannelId, ConversationId, MessageId, RecipientId, TicketId, UserId,
    conversation::{Arrival, Policy, RuleError, SendMessage, TicketUpdate},
    platform::{InboundMessage, Manifest, MessageEdit, MessageRef, Participant, Reaction},
    sending::ChannelStatus,
    ticket::Priority,
};
use patchbay_store::{
    Store, StoreError,
    audit::NewAudit,
    commit::{Commit, CommitOutcome},
    jobs::Partitions,
};

use crate::{
    batch::{Batcher, Interrupted, Shards, organisation_shards, survive},
    bus::Bus,
    channels::{ChannelError, Channels},
    retry,
    supervision::{ActorSnapshot, AskError, Registry, RestartPolicy},
};
use actor::{ConversationActor, Perform};

/// At most this many conversations are committed in one transaction.
const COMMIT_BATCH: usize = 256;
/// A commit of few costs nearly as much as one of many.
const COMMIT_PACE: Duration = Duration::from_millis(15);
const LOAD_BATCH: usize = 256;
const LOADERS: usize = 2;

/// Something that arrived for a conversation, in the order in which it arrived.
#[derive(Debug, Clone)]
pub enum Input {
    Message { id: MessageId, message: Box<InboundMessage>, arrival: Arrival },
    Reaction(Reaction),
    Edit(MessageEdit),
    Deletion(MessageRef),
    Contact(Participant),
    OptedOut(Arrival),
    OptedIn(Arrival),
}

#[derive(Debug, Clone)]
pub enum Request {
    Receive(Arc<Vec<Input>>),
    Send {
        send: Box<SendMessage>,
        audit: Option<NewAudit>,
    },
    /// Unless the recipient of a campaign has had a turn, or the campaign does not send any more.
    SendToRecipient {
        recipient: RecipientId,
        send: Box<SendMessage>,
    },
    OpenTicket {
        id: TicketId,
        subject: String,
        priority: Priority,
        assignee_id: Option<UserId>,
        audit: Option<NewAudit>,
    },
    UpdateTicket {
        id: TicketId,
        update: TicketUpdate,
        audit: Option<NewAudit>,
    },
    MarkRead,
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum ConversationError {
    #[error(transparent)]
    Rule(#[from] RuleError),
    #[error("there is no such conversation")]
    NotFound,
    #[error("the change could not be stored; try again")]
    Unavailable,
    /// The actor dies of this input.
    #[error("the conversation fails on this input")]
    Failing,
    #[error("the change could not be stored: {0}")]
    Broken(String),
}

impl From<AskError> for ConversationError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Failing => Self::Failing,
            // That passes: nothing is given up because of it.
            AskError::Resting => Self::Unavailable,
        }
    }
}

impl From<Interrupted> for ConversationError {
    fn from(_: Interrupted) -> Self {
        Self::Unavailable
    }
}

impl From<StoreError> for ConversationError {
    fn from(error: StoreError) -> Self {
        if error.is_retryable() {
            Self::Unavailable
        } else {
            tracing::error!(%error, "a conversation could not be stored");
            Self::Broken(error.to_string())
        }
    }
}

impl From<ChannelError> for ConversationError {
    fn from(error: ChannelError) -> Self {
        match error {
            ChannelError::Store(error) => error.into(),
            ChannelError::Unknown => Self::NotFound,
            ChannelError::NoConnector(_) | ChannelError::Secrets(_) => Self::Broken(error.to_string()),
        }
    }
}

/// Messages of one conversation that came again.
type Repeats = Vec<(ChannelId, String, Arrival)>;

/// What every conversation actor works with.
pub struct Shared {
    channels: Channels,
    bus: Bus,
    policy: Policy,
    idle_after: Duration,
    mailbox: usize,
    clock: fn() -> DateTime<Utc>,
    commits: Shards<Commit, Result<CommitOutcome, ConversationError>>,
    repeats: Batcher<Repeats, Result<(), ConversationError>>,
    loads: Batcher<ConversationId, Result<Option<patchbay_domain::conversation::Conversation>, ConversationError>>,
}

pub struct Settings {
    pub policy: Policy,
    pub idle_after: Duration,
    pub mailbox: usize,
    pub partitions: Partitions,
}

#[derive(Clone)]
pub struct Conversations {
    actors: Registry<ConversationActor>,
}

impl Conversations {
    pub fn new(
        arbiters: Vec<ArbiterHandle>,
        restart: RestartPolicy,
        settings: Settings,
        store: &Store,
        channels: Channels,
        bus: Bus,
        clock: fn() -> DateTime<Utc>,
    ) -> Self {
        let Settings { policy, idle_after, mailbox, partitions } = settings;
        let commits = {
            let store = store.clone();
            Shards::spawn(organisation_shards(&store), COMMIT_BATCH, COMMIT_PACE, move |batch| {
                let store = store.clone();
                async move { commit(&store, batch, partitions, clock).await }
            })
        };
        let repeats = {
            let store = store.clone();
            Batcher::spawn(COMMIT_BATCH, 1, move |batch| {
                let store = store.clone();
                async move { count_repeats(&store, batch).await }
            })
        };
        let loads = {
            let store = store.clone();
            Batcher::spawn(LOAD_BATCH, LOADERS, move |ids: Vec<ConversationId>| {
                let store = store.clone();
                async move { load(&store, &ids).await }
            })
        };
        let shared = Shared { channels, bus, policy, idle_after, mailbox, clock, commits, repeats, loads };
        Self { actors: Registry::new(arbiters, Arc::new(shared), restart) }
    }

    /// Asks for a change; when this answers `Ok` it is committed.
    pub async fn ask(&self, id: ConversationId, request: Request) -> Result<(), ConversationError> {
        self.actors.ask(id, || Perform(request.clone())).await?
    }

    pub fn registry(&self) -> &Registry<ConversationActor> {
        &self.actors
    }

    pub async fn snapshots(&self) -> Vec<ActorSnapshot> {
        self.actors.snapshots().await
    }
}

/// A channel as the rule of sending needs it.
struct Sending {
    pub status: ChannelStatus,
    pub manifest: Manifest,
}

async fn commit(
    store: &Store,
    batch: Vec<Commit>,
    partitions: Partitions,
    clock: fn() -> DateTime<Utc>,
) -> Vec<Result<CommitOutcome, ConversationError>> {
    let count = batch.len();
    metrics::histogram!("patchbay_commit_batch_size").record(count as f64);
    let started = std::time::Instant::now();
    let committed = survive(commit_all(store, &batch, partitions, clock).boxed()).await;
    metrics::histogram!("patchbay_commit_seconds").record(started.elapsed().as_secs_f64());
    match committed {
        Ok(Ok(outcomes)) => outcomes.into_iter().map(Ok).collect(),
        Ok(Err(error)) if error.is_retryable() || count == 1 => vec![Err(error.into()); count],
        Err(panicked) if count == 1 => vec![Err(ConversationError::Broken(panicked.to_string()))],
        // One that cannot be stored must not take the others with it.
        Ok(Err(_)) | Err(_) => {
            let mut outcomes = Vec::with_capacity(count);
            for one in &batch {
                let alone = commit_all(store, std::slice::from_ref(one), partitions, clock).boxed();
                outcomes.push(match survive(alone).await {
                    Ok(Ok(outcomes)) => {
                        outcomes.into_iter().next().ok_or_else(|| ConversationError::Broken("no outcome".into()))
                    }
                    Ok(Err(error)) => Err(error.into()),
                    Err(panicked) => Err(ConversationError::Broken(panicked.to_string())),
                });
            }
            outcomes
        }
    }
}

async fn commit_all(
    store: &Store,
    batch: &[Commit],
    partitions: Partitions,
    clock: fn() -> DateTime<Utc>,
) -> Result<Vec<CommitOutcome>, StoreError> {
    // A test makes one message of many fail with it.
    fail::fail_point!(
        "conversation::commit",
        (batch.iter().flat_map(|commit| &commit.draft.effects.messages))
            .any(|message| message.content.text.as_deref() == Some("uncommittable")),
        |_| Ok(Vec::new())
    );
    store.commit(batch, partitions, clock()).await
}

/// Of many conversations, which are neither locked nor changed by it.
async fn count_repeats(store: &Store, batch: Vec<Repeats>) -> Vec<Result<(), ConversationError>> {
    let count = batch.len();
    let repeats = batch.concat();
    let counted = store.count_repeats(&repeats).await.map_err(ConversationError::from);
    vec![counted; count]
}

async fn load(
    store: &Store,
    ids: &[ConversationId],
) -> Vec<Result<Option<patchbay_domain::conversation::Conversation>, ConversationError>> {
    match retry::while_unavailable("load_conversations", || store.load_conversations(ids)).await {
        Ok(loaded) => {
            ids.iter().map(|id| Ok(loaded.iter().find(|conversation| conversation.id == *id).cloned())).collect()
        }
        Err(error) => vec![Err(error.into()); ids.len()],
    }
}
