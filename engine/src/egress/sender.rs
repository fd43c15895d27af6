//! Sends one message: records the attempt, lets the connector speak with the
//! platform, and settles what became of it. Recording and settling are group
//! commits over all channels.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use patchbay_domain::{
    AttemptId, MessageId, NodeId,
    attempt::{Consequence, Settlement, UnknownPolicy, settle},
    platform::{Command, Failure, FailureKind, MediaSource, Outcome, Outgoing},
    sending::{Refusal, SendingChannel, SendingRecipient, may_send},
};
use patchbay_plugin_host::MediaStore;
use patchbay_store::{
    Store, StoreError,
    sending::{Begin, Begun, Due, Settled},
};

use super::{Gate, command};
use crate::{
    batch::Batcher,
    channels::{ActiveChannel, Channels},
    keyring::Keyring,
    membership::Sight,
    retry,
    session::desk::Desk,
};

const BATCH: usize = 128;
const LOST: &str = "the engine stopped before the platform's answer came";
/// How long a platform may fetch a file that is sent by its address.
const PUBLIC_FILE_MINUTES: i64 = 60;

pub struct Job {
    pub due: Due,
    pub channel: Arc<ActiveChannel>,
    pub desk: Arc<Desk>,
}

#[derive(Clone)]
pub struct Sender {
    store: Store,
    egress: Gate,
    media: Arc<dyn MediaStore>,
    keyring: Keyring,
    public_url: Arc<str>,
    node: NodeId,
    sight: Sight,
    clock: fn() -> DateTime<Utc>,
    begins: Batcher<Begin, Option<Begun>>,
    settlements: Batcher<Settled, Result<(), String>>,
}

pub struct Tools {
    pub store: Store,
    pub egress: Gate,
    pub media: Arc<dyn MediaStore>,
    pub keyring: Keyring,
    pub public_url: String,
    pub node: NodeId,
    pub sight: Sight,
    pub clock: fn() -> DateTime<Utc>,
}

impl Sender {
    pub fn new(tools: Tools) -> Self {
        let Tools { store, egress, media, keyring, public_url, node, sight, clock } = tools;
        let begins = {
            let store = store.clone();
            Batcher::spawn(BATCH, 2, move |batch| {
                let store = store.clone();
                async move { begin(&store, batch, node, clock).await }
            })
        };
        let settlements = {
            let store = store.clone();
            Batcher::spawn(BATCH, 2, move |batch| {
                let store = store.clone();
                async move { store_settlements(&store, batch, clock).await }
            })
        };
        let public_url = public_url.into();
        Self { store, egress, media, keyring, public_url, node, sight, clock, begins, settlements }
    }

    /// Sees a message through to its settlement, and says what the session learns from it.
    pub async fn send(&self, job: Job) -> Consequence {
        let _returned = Return { desk: Arc::clone(&job.desk), message: job.due.message.id };
        let Job { due, channel, desk } = job;
        if let Err(refusal) = self.still_allowed(&due, &channel) {
            return self.settle(&due, None, refused(refusal), Consequence::None).await;
        }
        let begin = Begin { message_id: due.message.id, attempt_id: AttemptId::at((self.clock)()) };
        // Cancelled meanwhile, or taken by another node.
        let Ok(Some(begun)) = self.begins.run_again(begin).await else { return Consequence::None };
        let request = Command::Send(self.outgoing(&due));
        let started = std::time::Instant::now();
        let done = command::run(&desk.instance, &self.egress, &channel, &request, self.clock, &*self.media).await;
        metrics::histogram!("patchbay_send_seconds", "channel_type" => channel.row.channel_type.clone())
            .record(started.elapsed().as_secs_f64());
        let outcome = match done {
            Ok(Ok(Outcome::Sent(ids))) => Ok(ids),
            Ok(Ok(_)) => Err(failure(FailureKind::Unknown, "the connector did not say what was sent")),
            Ok(Err(failure)) => Err(failure),
            Err(interrupted) => Err(interrupted.as_failure()),
        };
        let policy = channel.unknown_policy.of(due.message.campaign_id.is_some());
        let (settlement, consequence) = settle(outcome, begun.tries, policy, rand::random(), (self.clock)());
        self.settle(&due, Some(begun.attempt_id), settlement, consequence).await
    }

    /// Ends the attempts of nodes that are gone, and those of this node that nobody is working on.
    pub async fn recover(&self, desk: &Desk, channels: &Channels) -> Result<usize, StoreError> {
        let now = (self.clock)();
        let alive_since = self.sight.alive_since(now);
        let mut open = self.store.interrupted(desk.channel_id, self.node, alive_since).await?;
        // Read afterwards: what left meanwhile is on the desk, and what came back since is settled.
        let (in_flight, _) = desk.in_flight();
        open.retain(|attempt| !in_flight.contains(&attempt.message_id));
        if open.is_empty() {
            return Ok(0);
        }
        let policy = match channels.get(desk.channel_id).await {
            Ok(channel) => channel.unknown_policy,
            Err(error) if error.is_retryable() => return Err(StoreError::Unavailable(error.to_string())),
            Err(_) => UnknownPolicy::default(),
        };
        let count = open.len();
        for interrupted in open {
            let lost = Err(failure(FailureKind::Unknown, LOST));
            let policy = policy.of(interrupted.in_campaign);
            let (settlement, consequence) = settle(lost, interrupted.tries, policy, rand::random(), now);
            let settled = Settled {
                message_id: interrupted.message_id,
                channel_id: desk.channel_id,
                attempt_id: Some(interrupted.attempt_id),
                settlement,
                consequence,
            };
            self.store_settlement(settled).await;
        }
        tracing::warn!(channel.id = %desk.channel_id, count, "attempts were cut off and ended as the channel's policy says");
        Ok(count)
    }

    /// A scheduled message may have outlived its window, a queued one its recipient's consent.
    fn still_allowed(&self, due: &Due, channel: &ActiveChannel) -> Result<(), Refusal> {
        let recipient = SendingRecipient {
            opted_out: due.opted_out,
            unreachable: due.unreachable,
            last_inbound_at: due.last_inbound_at,
        };
        let sending = SendingChannel { status: channel.row.status, manifest: channel.manifest() };
        may_send(&sending, &recipient, &due.message.content, (self.clock)())
    }

    fn outgoing(&self, due: &Due) -> Outgoing {
        let mut content = due.message.content.clone();
        for attachment in &mut content.attachments {
            if let MediaSource::Stored(id) = attachment.source {
                let until = (self.clock)() + chrono::Duration::minutes(PUBLIC_FILE_MINUTES);
                attachment.public_url = Some(format!("{}{}", self.public_url, self.keyring.media_path(id, until)));
            }
        }
        Outgoing {
            id: due.message.id.to_string(),
            to: due.recipient.clone(),
            thread: due.thread.clone(),
            content,
            reply_to: due.message.reply_to.clone(),
            last_inbound_at: due.last_inbound_at,
            metadata: due.message.metadata.clone(),
        }
    }

    async fn settle(
        &self,
        due: &Due,
        attempt_id: Option<AttemptId>,
        settlement: Settlement,
        consequence: Consequence,
    ) -> Consequence {
        let word = match &settlement {
            Settlement::Sent { .. } => "sent",
            Settlement::Retry { .. } => "retry",
            Settlement::Failed(_) => "failed",
            Settlement::Unknown(_) => "unknown",
        };
        metrics::counter!("patchbay_sends_total", "outcome" => word).increment(1);
        let Due { message, .. } = due;
        let settled =
            Settled { message_id: message.id, channel_id: message.channel_id, attempt_id, settlement, consequence };
        self.store_settlement(settled).await;
        consequence
    }

    async fn store_settlement(&self, settled: Settled) {
        let message_id = settled.message_id;
        let stored = self.settlements.run_again(settled).await.map_err(|error| error.to_string()).flatten();
        if let Err(error) = stored {
            // Its attempt stays open: the session finds it and ends it as unknown.
            tracing::error!(message.id = %message_id, error, "a settlement could not be stored");
        }
    }
}

/// Takes the message off the desk however the send ends.
struct Return {
    desk: Arc<Desk>,
    message: MessageId,
}

impl Drop for Return {
    fn drop(&mut self) {
        self.desk.returned(self.message);
    }
}

fn failure(kind: FailureKind, message: &str) -> Failure {
    Failure { kind, code: None, message: message.to_owned(), retry_after_ms: None, scope: None }
}

fn refused(refusal: Refusal) -> Settlement {
    let kind = match refusal {
        Refusal::OutsideWindow => FailureKind::OutsideWindow,
        Refusal::OptedOut => FailureKind::Blocked,
        Refusal::NoSuchRecipient => FailureKind::Unreachable,
        Refusal::UnsupportedContent => FailureKind::Unsupported,
        Refusal::ChannelUnauthorized => FailureKind::Unauthorized,
        Refusal::ChannelDisabled | Refusal::TooLarge => FailureKind::Rejected,
    };
    Settlement::Failed(Failure { code: Some(refusal.code().to_owned()), ..failure(kind, &refusal.to_string()) })
}

async fn begin(store: &Store, batch: Vec<Begin>, node: NodeId, clock: fn() -> DateTime<Utc>) -> Vec<Option<Begun>> {
    let begun = retry::while_unavailable("begin_attempts", || store.begin_attempts(&batch, node, clock())).await;
    match begun {
        Ok(begun) => {
            batch.iter().map(|begin| begun.iter().find(|begun| begun.message_id == begin.message_id).copied()).collect()
        }
        // One that cannot be recorded must not hold up the others.
        Err(_) if batch.len() > 1 => {
            let mut begun = Vec::with_capacity(batch.len());
            for one in batch {
                begun.extend(Box::pin(begin(store, vec![one], node, clock)).await);
            }
            begun
        }
        Err(error) => {
            tracing::error!(%error, "an attempt could not be recorded; nothing was sent");
            vec![None; batch.len()]
        }
    }
}

async fn store_settlements(
    store: &Store,
    batch: Vec<Settled>,
    clock: fn() -> DateTime<Utc>,
) -> Vec<Result<(), String>> {
    if retry::while_unavailable("settle", || store.settle(&batch, clock())).await.is_ok() {
        return vec![Ok(()); batch.len()];
    }
    // One that cannot be stored must not take the others with it.
    let mut results = Vec::with_capacity(batch.len());
    for settled in batch {
        let alone = std::slice::from_ref(&settled);
        let stored = retry::while_unavailable("settle", || store.settle(alone, clock())).await;
        results.push(stored.map_err(|error| error.to_string()));
    }
    results
}
