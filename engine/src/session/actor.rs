//! The channel session actor: takes what is on its desk, starts the work on the
//! pool, and keeps the order in which things are begun. What it does itself
//! takes no time; what must survive it lies on the desk or in the store.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use patchbay_domain::{ChannelId, ConversationId, attempt::Consequence, platform::DeliveryStatus};
use patchbay_store::{references::Reference, statuses::StatusReport};

use super::{
    Sessions, Shared,
    arrival::Arrival,
    desk::Desk,
    fact::Fact,
    inbound::{self, Parsed, Part},
    lanes::{self, Entry, Lanes},
    outbound::Outbound,
};
use crate::{
    batch::survive,
    retry,
    supervision::{Describe, Life, Supervised},
};

/// Webhooks read in one go, and their bytes, but for the last: a platform may put a thousand messages into one.
const READ_BATCH: usize = 128;
const READ_BYTES: usize = 256 << 10;

pub struct SessionActor {
    pub(super) life: Life<Self>,
    pub(super) shared: Arc<Shared>,
    pub(super) desk: Arc<Desk>,
    /// The last webhook begun with.
    taken: u64,
    reading: bool,
    lanes: Lanes,
    /// Being stored, the first of them now.
    facts: VecDeque<(Fact, Arc<Arrival>)>,
    pub(super) outbound: Outbound,
    pub(super) last_work: Instant,
}

/// There are webhooks on the desk.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Pump;

/// There may be something to send.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Wake;

/// A send came to its end.
#[derive(Message, Clone, Copy)]
#[rtype(result = "()")]
pub struct Returned(pub Consequence);

impl Actor for SessionActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Context<Self>) {
        context.set_mailbox_capacity(self.shared.mailbox);
        self.read(context);
        self.begin_sending(context);
        context.run_interval(self.shared.idle_after.min(std::time::Duration::from_secs(15)), |actor, context| {
            actor.recover(context);
            let idle = actor.last_work.elapsed() >= actor.shared.idle_after && actor.is_idle();
            if idle && actor.life.retire() {
                actor.desk.clear();
                actor.shared.clear_away(&actor.desk);
                context.stop();
            }
        });
    }
}

impl Supervised for SessionActor {
    type Key = ChannelId;
    type Seed = Shared;
    const KIND: &'static str = "session";

    fn begin(channel: ChannelId, life: Life<Self>, shared: &Arc<Shared>) -> Self {
        Self {
            life,
            shared: Arc::clone(shared),
            desk: shared.desk(channel),
            taken: 0,
            reading: false,
            lanes: Lanes::default(),
            facts: VecDeque::new(),
            outbound: Outbound::default(),
            last_work: Instant::now(),
        }
    }
}

impl Handler<Describe> for SessionActor {
    type Result = String;

    fn handle(&mut self, _: Describe, _: &mut Context<Self>) -> String {
        format!(
            "{} webhooks under way in {} conversations, {} sends in flight, {} ready",
            self.desk.waiting(),
            self.lanes.len(),
            self.desk.in_flight_count(),
            self.outbound.ready(),
        )
    }
}

impl Handler<Pump> for SessionActor {
    type Result = ();

    fn handle(&mut self, _: Pump, context: &mut Context<Self>) {
        self.desk.pump_asked.store(false, Ordering::SeqCst);
        fail::fail_point!("session::pump");
        self.read(context);
    }
}

impl SessionActor {
    /// Begins with the next webhooks on the desk, one batch at a time.
    fn read(&mut self, context: &mut Context<Self>) {
        if self.reading || self.lanes.are_full() {
            return;
        }
        let arrivals = self.desk.begin(self.taken, READ_BATCH, READ_BYTES);
        let Some(last) = arrivals.last() else { return };
        self.taken = last.number;
        self.reading = true;
        self.last_work = Instant::now();
        let (shared, desk) = (Arc::clone(&self.shared), Arc::clone(&self.desk));
        let work = async move {
            let pool = shared.pool.clone();
            pool.run(inbound::read(shared, desk, arrivals)).await
        };
        context.spawn(work.into_actor(self).map(|parsed, actor, context| {
            actor.reading = false;
            for webhook in parsed {
                let arrival = Arc::clone(&webhook.arrival);
                arrival.handle(|| actor.route(webhook, context));
            }
            actor.read(context);
        }));
    }

    /// Sends every part of a webhook its way.
    fn route(&mut self, Parsed { arrival, parts }: Parsed, context: &mut Context<Self>) {
        // A test makes one webhook of many fail with it.
        fail::fail_point!("session::route", parts.iter().any(|part| part.says("unroutable")), |_| ());
        arrival.split(parts.len() + 1);
        // What one webhook says of one conversation is committed together.
        let mut entries: Vec<(ConversationId, Vec<Entry>)> = Vec::new();
        let (mut statuses, mut overtaking) = (Vec::new(), Vec::new());
        for part in parts {
            match part {
                Part::Conversation(id, input) => {
                    let entry = (Arc::clone(&arrival), input);
                    match entries.iter_mut().find(|(known, _)| *known == id) {
                        Some((_, together)) => together.push(entry),
                        None => entries.push((id, vec![entry])),
                    }
                }
                Part::Overtaking(reference) => overtaking.push(reference),
                Part::Status(status) => statuses.push(status),
                Part::Session(change) => self.keep_fact(Fact::Session(change), Arc::clone(&arrival), context),
                Part::Template(status) => self.keep_fact(Fact::Template(status), Arc::clone(&arrival), context),
            }
        }
        for (id, together) in entries {
            if let Some(entries) = self.lanes.enter(id, together) {
                self.carry(id, entries, context);
            }
        }
        if !statuses.is_empty() {
            self.apply_statuses(statuses, Arc::clone(&arrival), context);
        }
        if !overtaking.is_empty() {
            self.keep_overtaking(overtaking, Arc::clone(&arrival), context);
        }
        self.part_done(&arrival);
    }

    fn carry(&mut self, id: ConversationId, entries: Vec<Entry>, context: &mut Context<Self>) {
        let (shared, desk) = (Arc::clone(&self.shared), Arc::clone(&self.desk));
        let work = async move {
            let pool = shared.pool.clone();
            pool.run(lanes::carry(shared, desk, id, entries)).await
        };
        context.spawn(work.into_actor(self).map(move |arrivals, actor, context| {
            for arrival in &arrivals {
                actor.part_done(arrival);
            }
            if let Some(entries) = actor.lanes.leave(id, arrivals.len()) {
                actor.carry(id, entries, context);
            }
            actor.read(context);
        }));
    }

    fn apply_statuses(&mut self, statuses: Vec<DeliveryStatus>, arrival: Arc<Arrival>, context: &mut Context<Self>) {
        let shared = Arc::clone(&self.shared);
        let count = statuses.len();
        let channel_id = self.desk.channel_id;
        let work = async move {
            let channel = shared.channels.get(channel_id).await.ok();
            let judged = |status: DeliveryStatus| {
                let failure = status.failure.map(|failure| match &channel {
                    Some(channel) => channel.manifest().judged(failure),
                    None => failure,
                });
                StatusReport { channel_id, status: DeliveryStatus { failure, ..status } }
            };
            let reports: Vec<_> = statuses.into_iter().map(judged).collect();
            let owner = channel.as_ref().map_or(channel_id.uuid(), |channel| channel.row.organisation_id.uuid());
            let applied = shared.statuses.run_again(owner, reports).await.map_err(|error| error.to_string()).flatten();
            (arrival, applied)
        };
        context.spawn(work.into_actor(self).map(move |(arrival, applied), actor, context| {
            actor.parts_done(&arrival, count, applied, context);
        }));
    }

    /// Reactions, edits and deletions in conversations of which nothing has come yet.
    fn keep_overtaking(
        &mut self,
        overtaking: Vec<Reference<'static>>,
        arrival: Arc<Arrival>,
        context: &mut Context<Self>,
    ) {
        let (shared, channel_id, count) = (Arc::clone(&self.shared), self.desk.channel_id, overtaking.len());
        let work = async move {
            let keep = || shared.store.keep_references(channel_id, &overtaking, (shared.clock)());
            let kept = survive(retry::while_unavailable("keep_references", keep)).await;
            let kept = kept.map_err(|error| error.to_string());
            (arrival, kept.and_then(|kept| kept.map_err(|error| error.to_string())))
        };
        context.spawn(work.into_actor(self).map(move |(arrival, kept), actor, context| {
            actor.parts_done(&arrival, count, kept, context);
        }));
    }

    /// Facts about the channel itself, one after the other as they came.
    fn keep_fact(&mut self, fact: Fact, arrival: Arc<Arrival>, context: &mut Context<Self>) {
        self.facts.push_back((fact, arrival));
        if self.facts.len() == 1 {
            self.keep_next_fact(context);
        }
    }

    fn keep_next_fact(&mut self, context: &mut Context<Self>) {
        let Some((fact, arrival)) = self.facts.front().cloned() else { return };
        let (shared, channel) = (Arc::clone(&self.shared), self.desk.channel_id);
        let work = async move {
            let stored = survive(retry::while_unavailable("keep_fact", || fact.store(&shared, channel))).await;
            shared.channels.forget(channel).await;
            let stored = stored.map_err(|error| error.to_string());
            (arrival, stored.and_then(|stored| stored.map_err(|error| error.to_string())))
        };
        context.spawn(work.into_actor(self).map(|(arrival, stored), actor, context| {
            actor.facts.pop_front();
            actor.parts_done(&arrival, 1, stored, context);
            actor.keep_next_fact(context);
            // A session that is connected again may have made the channel active.
            actor.look(context);
        }));
    }

    /// What could not be stored becomes a dead letter.
    fn parts_done(
        &mut self,
        arrival: &Arc<Arrival>,
        count: usize,
        settled: Result<(), String>,
        context: &mut Context<Self>,
    ) {
        let Err(reason) = settled else {
            for _ in 0..count {
                self.part_done(arrival);
            }
            return;
        };
        let (shared, desk, arrival) = (Arc::clone(&self.shared), Arc::clone(&self.desk), Arc::clone(arrival));
        let bury = async move {
            inbound::bury_or_release(&shared, &desk, &arrival, &reason).await;
            arrival
        };
        context.spawn(bury.into_actor(self).map(move |arrival, actor, _| {
            for _ in 0..count {
                actor.part_done(&arrival);
            }
        }));
    }

    /// After the last part the webhook is done.
    fn part_done(&mut self, arrival: &Arc<Arrival>) {
        if arrival.part_done() {
            let sessions = Sessions { actors: self.life.registry(), shared: Arc::clone(&self.shared) };
            sessions.finish(&self.desk, arrival);
        }
    }

    fn is_idle(&self) -> bool {
        let tended = self.desk.tend_asked.load(Ordering::SeqCst);
        !tended && self.desk.waiting() == 0 && self.desk.in_flight_count() == 0 && self.outbound.is_idle()
    }
}
