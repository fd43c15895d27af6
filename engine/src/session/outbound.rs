//! The sending half of a channel session: which message goes next, and when.
//! The message table is the channel's queue; a wake-up from the bus only says
//! that it is worth looking. People go before campaigns, at most one message of
//! a conversation is on its way, and the limiter decides the pace. How the queue
//! is read is in `look.rs`.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use actix::{ActorFutureExt, AsyncContext, Context, Handler, SpawnHandle, WrapFuture};
use patchbay_domain::attempt::Consequence;
use patchbay_store::sending::Due;

use super::{
    actor::{Returned, SessionActor, Wake},
    desk::lock,
    look::{Look, look},
};
use crate::{
    channels::ActiveChannel,
    egress::{
        limiter::{Pace, Progress},
        sender::Job,
    },
};

/// Of the room for sends, one part in so many is left to people, however slowly the platform answers a campaign.
const LEFT_TO_PEOPLE: usize = 4;

/// What the actor knows of the channel's queue.
#[derive(Default)]
pub struct Outbound {
    ready: VecDeque<(Due, Progress)>,
    channel: Option<Arc<ActiveChannel>>,
    looking: bool,
    /// Somebody said that it is worth looking while it was being looked, and may have come too late to be seen.
    asked: bool,
    /// There may be more than what is ready.
    stale: bool,
    timer: Option<SpawnHandle>,
}

impl Outbound {
    pub fn ready(&self) -> usize {
        self.ready.len()
    }

    pub fn is_idle(&self) -> bool {
        self.ready.is_empty() && !self.looking && !self.stale && self.timer.is_none()
    }
}

impl Handler<Wake> for SessionActor {
    type Result = ();

    fn handle(&mut self, _: Wake, context: &mut Context<Self>) {
        self.desk.wake_asked.store(false, Ordering::SeqCst);
        fail::fail_point!("session::wake");
        self.look(context);
    }
}

impl Handler<Returned> for SessionActor {
    type Result = ();

    fn handle(&mut self, Returned(consequence): Returned, context: &mut Context<Self>) {
        match consequence {
            Consequence::PauseChannel { until } => {
                let wait = (until - (self.shared.clock)()).to_std().unwrap_or_default();
                let now = Instant::now();
                if let Some((_, limiter)) = &mut *lock(&self.desk.limiter) {
                    limiter.pause(now + wait, now);
                }
                if let Some(channel) = &self.outbound.channel {
                    let channel_type = channel.row.channel_type.clone();
                    metrics::counter!("patchbay_platform_pauses_total", "channel_type" => channel_type).increment(1);
                }
            }
            Consequence::RestChannel { until } => {
                let wait = (until - (self.shared.clock)()).to_std().unwrap_or_default();
                if let Some((_, limiter)) = &mut *lock(&self.desk.limiter) {
                    limiter.rest(Instant::now() + wait);
                }
            }
            Consequence::ChannelUnauthorized => self.outbound.ready.clear(),
            Consequence::None | Consequence::RecipientOptedOut | Consequence::RecipientUnreachable => {}
        }
        // The next message of that conversation may go now.
        self.outbound.stale = true;
        self.send(context);
    }
}

impl SessionActor {
    /// Settles what a dead node or the actor before left open, then looks at the queue.
    pub(super) fn begin_sending(&mut self, context: &mut Context<Self>) {
        self.outbound.stale = true;
        self.recover(context);
    }

    /// Attempts whose node is gone end as unknown and follow the channel's policy.
    pub(super) fn recover(&mut self, context: &mut Context<Self>) {
        let (shared, desk) = (Arc::clone(&self.shared), Arc::clone(&self.desk));
        let work = async move { shared.sender.recover(&desk, &shared.channels).await };
        context.spawn(work.into_actor(self).map(|recovered, actor, context| match recovered {
            Ok(_) => actor.look(context),
            Err(error) => {
                tracing::warn!(channel.id = %actor.desk.channel_id, %error, "open attempts could not be read");
                actor.look_after(Duration::from_secs(1), context);
            }
        }));
    }

    /// Reads what is due, unless it is being read.
    pub(super) fn look(&mut self, context: &mut Context<Self>) {
        self.outbound.stale = true;
        if self.outbound.looking {
            self.outbound.asked = true;
            return;
        }
        if let Some(timer) = self.outbound.timer.take() {
            context.cancel_future(timer);
        }
        self.outbound.looking = true;
        self.outbound.stale = false;
        let (shared, desk) = (Arc::clone(&self.shared), Arc::clone(&self.desk));
        let known = lock(&self.desk.limiter).as_ref().map(|(limits, _)| limits.clone());
        let work = async move { look(&shared, &desk, known).await };
        context.spawn(work.into_actor(self).map(|found, actor, context| {
            actor.outbound.looking = false;
            let asked = std::mem::take(&mut actor.outbound.asked);
            match found {
                Ok(look) => {
                    actor.found(look, context);
                    // An answer must not wait behind what is ready of a campaign.
                    if asked && !actor.outbound.looking {
                        actor.look(context);
                    }
                }
                Err(error) => {
                    tracing::warn!(channel.id = %actor.desk.channel_id, %error, "the queue could not be read");
                    actor.look_after(Duration::from_secs(1), context);
                }
            }
        }));
    }

    fn found(&mut self, look: Option<Look>, context: &mut Context<Self>) {
        let Some(Look { channel, due, next_due_at, remembered }) = look else {
            // The channel is gone or must not send; a change of it wakes us.
            self.outbound.ready.clear();
            return;
        };
        let new_limiter = remembered.is_some();
        if let Some(limiter) = remembered {
            *lock(&self.desk.limiter) = Some((channel.limits.clone(), limiter));
        }
        self.outbound.channel = Some(channel);
        let departed = self.desk.in_flight().0;
        let before = std::mem::take(&mut self.outbound.ready);
        for due in due {
            if departed.contains(&due.message.id) {
                continue;
            }
            // A permit that it has been given already stays with it.
            let progress = before.iter().find(|(known, _)| known.message.id == due.message.id && !new_limiter);
            let progress = progress.map_or_else(Progress::default, |(_, progress)| *progress);
            self.outbound.ready.push_back((due, progress));
        }
        if let Some(at) = next_due_at {
            let wait = (at - (self.shared.clock)()).to_std().unwrap_or_default();
            self.look_after(wait.max(Duration::from_millis(1)), context);
        }
        self.send(context);
    }

    /// Starts as many sends as limits and room allow.
    fn send(&mut self, context: &mut Context<Self>) {
        if !self.shared.tenure.covers(self.desk.channel_id) {
            // Another node sends now, or nobody does until the next start.
            self.outbound.ready.clear();
            self.outbound.stale = false;
            return;
        }
        let Some(channel) = self.outbound.channel.clone() else { return self.look_if_stale(context) };
        if lock(&self.desk.limiter).is_none() {
            // Forgotten when the partition came back: it is read anew before anything goes.
            self.outbound.ready.clear();
            return self.look(context);
        }
        let (departing, wait) = self.permitted();
        for (due, moment) in departing {
            self.depart(due, moment, &channel);
        }
        match wait {
            Some(wait) => self.send_after(wait, context),
            None => self.look_if_stale(context),
        }
    }

    /// Takes out what may go now, and at which moment; where something has to wait, also how long.
    fn permitted(&mut self) -> (Vec<(Due, Instant)>, Option<Duration>) {
        let mut departing = Vec::new();
        let mut limiter = lock(&self.desk.limiter);
        let Some((_, limiter)) = &mut *limiter else { return (departing, None) };
        let mut later = VecDeque::new();
        let mut shortest: Option<Duration> = None;
        let mut room = self.shared.concurrency.saturating_sub(self.desk.in_flight_count());
        let left_to_people = self.shared.concurrency / LEFT_TO_PEOPLE;
        while room > 0
            && let Some((due, mut progress)) = self.outbound.ready.pop_front()
        {
            // People come first: no campaign takes a permit while it is being looked whether somebody wrote.
            if due.priority > 0 && (self.outbound.looking || room <= left_to_people) {
                self.outbound.ready.push_front((due, progress));
                break;
            }
            match limiter.check(due.message.conversation_id, &mut progress, Instant::now()) {
                Pace::Go(moment) => {
                    room -= 1;
                    departing.push((due, moment));
                }
                Pace::RecipientWaits(wait) => {
                    waits("recipient", wait);
                    shortest = Some(shortest.map_or(wait, |known| known.min(wait)));
                    later.push_back((due, progress));
                }
                Pace::ChannelWaits(wait) => {
                    waits("channel", wait);
                    shortest = Some(shortest.map_or(wait, |known| known.min(wait)));
                    self.outbound.ready.push_front((due, progress));
                    break;
                }
            }
        }
        later.append(&mut self.outbound.ready);
        self.outbound.ready = later;
        (departing, shortest)
    }

    /// The send outlives this actor; its end is told to whoever is the actor then.
    fn depart(&mut self, due: Due, moment: Instant, channel: &Arc<ActiveChannel>) {
        self.last_work = Instant::now();
        self.desk.depart(due.message.id, due.message.conversation_id);
        let job = Job { due, moment, channel: Arc::clone(channel), desk: Arc::clone(&self.desk) };
        let (shared, registry, id) = (Arc::clone(&self.shared), self.life.registry(), self.desk.channel_id);
        self.shared.pool.detach(async move {
            let consequence = shared.sender.send(job).await;
            if consequence == Consequence::ChannelUnauthorized {
                // Whoever asks from now on learns that the channel must not send.
                shared.channels.forget(id).await;
            }
            if let Err(error) = registry.ask(id, || Returned(consequence)).await {
                tracing::error!(channel.id = %id, %error, "a session could not be told that a send came back");
            }
        });
    }

    /// Only when nothing is ready: what is ready was read after what made it stale, or is about to go.
    fn look_if_stale(&mut self, context: &mut Context<Self>) {
        let room = self.desk.in_flight_count() < self.shared.concurrency;
        if self.outbound.stale && self.outbound.ready.is_empty() && room {
            self.look(context);
        }
    }

    fn send_after(&mut self, wait: Duration, context: &mut Context<Self>) {
        if let Some(timer) = self.outbound.timer.take() {
            context.cancel_future(timer);
        }
        self.outbound.timer = Some(context.run_later(wait, |actor, context| {
            actor.outbound.timer = None;
            // Whoever came meanwhile may go first: people before campaigns.
            actor.look(context);
        }));
    }

    fn look_after(&mut self, wait: Duration, context: &mut Context<Self>) {
        self.send_after(wait, context);
    }
}

/// What the limits make messages wait.
fn waits(scope: &'static str, wait: Duration) {
    metrics::histogram!("patchbay_limiter_wait_seconds", "scope" => scope).record(wait.as_secs_f64());
}
