//! Sends one message: records the attempt, lets the connector speak with the
//! platform, and settles what became of it. Recording and settling are group
//! commits over all channels, in `records.rs`; what was cut off is ended by `recovery.rs`.

mod asking;
mod records;
mod recovery;
mod verdict;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use patchbay_domain::{
    AttemptId, MessageId, NodeId,
    attempt::{Consequence, OUT_OF_REACH, Settlement, Tries, UnknownPolicy, settle},
    platform::{Command, Failure, FailureKind, Outcome},
};
use patchbay_plugin_host::MediaStore;
use patchbay_store::{
    Store,
    sending::{Begin, Begun, Due, Settled},
};
use records::{Beginning, begin, store_settlements};
use uuid::Uuid;
use verdict::{failure, reach, refused, waited};

use super::{Gate, command, departure::Departure};
use crate::{
    batch::{Batcher, Shards, organisation_shards},
    channels::ActiveChannel,
    keyring::Keyring,
    membership::Sight,
    session::desk::Desk,
};

const BATCH: usize = 128;

pub struct Job {
    pub due: Due,
    /// When its request is to leave.
    pub moment: Instant,
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
    begins: Batcher<Begin, Beginning>,
    settlements: Shards<Settled, Result<(), String>>,
}

/// An attempt and what came of it.
struct Attempted {
    begun: Begun,
    made: DateTime<Utc>,
    outcome: Result<Vec<String>, Failure>,
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
            Shards::spawn(organisation_shards(&store), BATCH, Duration::ZERO, move |batch| {
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
        let Job { due, moment, channel, desk } = job;
        if let Err(refusal) = self.still_allowed(&due, &channel) {
            return self.settle(&due, None, refused(refusal), Consequence::None).await;
        }
        // A token is renewed while nothing of the message is under way: who is cut off in it has sent nothing.
        let renewal = &self.egress.renewal;
        let fresh = match renewal.fresh(&channel).await {
            Ok(fresh) => fresh,
            Err(failure) => return self.put_off(&due, &desk, failure).await,
        };
        let may_renew = fresh.is_none();
        let channel = fresh.unwrap_or(channel);
        let departure = Departure { desk: &desk, moment };
        let attempted = match self.attempt(&due, &channel, departure).await {
            Ok(attempted) => attempted,
            Err(consequence) => return consequence,
        };
        let renewed = match attempted {
            Attempted { begun, outcome: Err(failure), .. }
                if failure.kind == FailureKind::Unauthorized && may_renew && renewal.can_renew(&channel) =>
            {
                // This attempt is over, and the message waits for the next, which has another token.
                let again = Settlement::Retry { at: (self.clock)(), failure };
                self.settle(&due, Some(begun.attempt_id), again, Consequence::None).await;
                renewal.anew(&channel).await
            }
            attempted => return self.settle_attempt(&due, &channel, &desk, attempted).await,
        };
        match renewed {
            Some(Ok(renewed)) => match self.attempt(&due, &renewed, departure.again()).await {
                Ok(attempted) => self.settle_attempt(&due, &renewed, &desk, attempted).await,
                Err(consequence) => consequence,
            },
            Some(Err(failure)) => self.put_off(&due, &desk, failure).await,
            None => Consequence::None,
        }
    }

    /// Records an attempt and makes it; otherwise what follows from its not being made. The message was cancelled
    /// meanwhile, taken by another node, or the contact does not want it any more.
    async fn attempt(
        &self,
        due: &Due,
        channel: &ActiveChannel,
        departure: Departure<'_>,
    ) -> Result<Attempted, Consequence> {
        let made = (self.clock)();
        let begin = Begin { message_id: due.message.id, attempt_id: AttemptId::at(made) };
        let begun = match self.begins.run_again(begin).await {
            Ok(Beginning::Begun(begun)) => begun,
            Ok(Beginning::Unwanted(refusal)) => {
                return Err(self.settle(due, None, refused(refusal), Consequence::None).await);
            }
            Ok(Beginning::Gone) | Err(_) => return Err(Consequence::None),
        };
        let request = Command::Send(self.outgoing(due));
        let started = Instant::now();
        let (instance, egress, media) = (&departure.desk.instance, &self.egress.egress, &*self.media);
        let done = command::converse(instance, egress, channel, &request, self.clock, media, Some(departure)).await;
        metrics::histogram!("patchbay_send_seconds", "channel_type" => channel.row.channel_type.clone())
            .record(started.elapsed().as_secs_f64());
        let outcome = match done {
            Ok(Ok(Outcome::Sent(ids))) => Ok(ids),
            Ok(Ok(_)) => Err(failure(FailureKind::Unknown, "the connector did not say what was sent")),
            Ok(Err(failure)) => Err(failure),
            Err(interrupted) => Err(interrupted.as_failure()),
        };
        Ok(Attempted { begun, made, outcome })
    }

    async fn settle_attempt(
        &self,
        due: &Due,
        channel: &ActiveChannel,
        desk: &Desk,
        Attempted { begun, made, outcome }: Attempted,
    ) -> Consequence {
        let outcome = outcome.map_err(|failure| channel.manifest().after(begun.tries, failure));
        let policy = channel.unknown_policy.of(due.message.campaign_id.is_some());
        let now = (self.clock)();
        let rest = reach(desk, &outcome, made, now);
        let (settlement, consequence) = settle(outcome, begun.tries, waited(due, now), policy, rand::random(), now);
        let consequence = rest.map_or(consequence, |until| Consequence::RestChannel { until });
        self.settle(due, Some(begun.attempt_id), settlement, consequence).await
    }

    /// Back into the queue, because there is no token to send it with: no attempt was made.
    async fn put_off(&self, due: &Due, desk: &Desk, mut failure: Failure) -> Consequence {
        if failure.kind == FailureKind::Temporary {
            // Whatever the renewal failed of: nobody has seen the message.
            failure.code = Some(OUT_OF_REACH.to_owned());
        }
        let (tries, now, outcome) = (Tries { made: due.attempts, paced: 0 }, (self.clock)(), Err(failure));
        let rest = reach(desk, &outcome, now, now);
        let (settlement, consequence) = settle(outcome, tries, waited(due, now), UnknownPolicy::Hold, 1.0, now);
        let consequence = rest.map_or(consequence, |until| Consequence::RestChannel { until });
        self.settle(due, None, settlement, consequence).await
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
        self.store_settlement(message.organisation_id.uuid(), settled).await;
        consequence
    }

    async fn store_settlement(&self, owner: Uuid, settled: Settled) {
        let message_id = settled.message_id;
        let stored = self.settlements.run_again(owner, settled).await.map_err(|error| error.to_string()).flatten();
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
