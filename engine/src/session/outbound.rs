//! The sending half of a channel session: which message goes next, and when.
//! The message table is the channel's queue; a wake-up from the bus only says
//! that it is worth looking. People go before campaigns, at most one message of
//! a conversation is on its way, and the limiter decides the pace.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use actix::{ActorFutureExt, AsyncContext, Context, Handler, SpawnHandle, WrapFuture};
use chrono::{DateTime, Utc};
use patchbay_domain::{attempt::Consequence, platform::RateLimit};
use patchbay_store::{StoreError, sending::Due};

use super::{
    Shared,
    actor::{Returned, SessionActor, Wake},
    desk::{Desk, lock},
};
use crate::{
    channels::{ActiveChannel, ChannelError},
    egress::{
        limiter::{Limiter, Pace, Progress},
        sender::Job,
    },
    retry,
};

/// Messages looked at in one go.
const LOOK_AHEAD: u32 = 64;
/// Of the room for sends, one part in so many is left to people, however slowly the platform answers a campaign.
const LEFT_TO_PEOPLE: usize = 4;
/// Attempts read back to rebuild a limiter.
const REMEMBERED: u32 = 10_000;

/// What the actor knows of the channel's queue.
#[derive(Default)]
pub struct Outbound {
    ready: VecDeque<(Due, Progress)>,
    channel: Option<Arc<ActiveChannel>>,
    looking: bool,
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

/// What a look at the queue found.
struct Look {
    channel: Arc<ActiveChannel>,
    due: Vec<Due>,
    next_due_at: Option<DateTime<Utc>>,
    /// Attempts of the time before, where the limiter has to be made.
    remembered: Option<Limiter>,
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
                if let Some((_, limiter)) = &mut *lock(&self.desk.limiter) {
                    limiter.pause(Instant::now() + wait);
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
            match found {
                Ok(look) => actor.found(look, context),
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
        for due in departing {
            self.depart(due, &channel);
        }
        match wait {
            Some(wait) => self.send_after(wait, context),
            None => self.look_if_stale(context),
        }
    }

    /// Takes out what may go now; where something has to wait, also how long.
    fn permitted(&mut self) -> (Vec<Due>, Option<Duration>) {
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
                Pace::Go => {
                    room -= 1;
                    departing.push(due);
                }
                Pace::RecipientWaits(wait) => {
                    shortest = Some(shortest.map_or(wait, |known| known.min(wait)));
                    later.push_back((due, progress));
                }
                Pace::ChannelWaits(wait) => {
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
    fn depart(&mut self, due: Due, channel: &Arc<ActiveChannel>) {
        self.last_work = Instant::now();
        self.desk.depart(due.message.id, due.message.conversation_id);
        let job = Job { due, channel: Arc::clone(channel), desk: Arc::clone(&self.desk) };
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

async fn look(shared: &Shared, desk: &Desk, known: Option<Vec<RateLimit>>) -> Result<Option<Look>, StoreError> {
    if !shared.tenure.covers(desk.channel_id) {
        return Ok(None);
    }
    let channel = match shared.channels.get(desk.channel_id).await {
        Ok(channel) if channel.may_send() => channel,
        Ok(_) => return Ok(None),
        Err(ChannelError::Unknown) => {
            cancel_waiting(shared, desk).await?;
            return Ok(None);
        }
        Err(error) => {
            tracing::warn!(channel.id = %desk.channel_id, %error, "a channel cannot send");
            return if error.is_retryable() { Err(StoreError::Unavailable(error.to_string())) } else { Ok(None) };
        }
    };
    let now = (shared.clock)();
    let remembered = match known {
        Some(limits) if limits == channel.limits => None,
        _ => Some(rebuild(shared, &channel, now).await?),
    };
    let (_, busy) = desk.in_flight();
    let due = retry::while_unavailable("due", || shared.store.due(desk.channel_id, now, LOOK_AHEAD, &busy)).await?;
    let next_due_at = if due.is_empty() { shared.store.next_due_at(desk.channel_id, now).await? } else { None };
    Ok(Some(Look { channel, due, next_due_at, remembered }))
}

/// What came into the queue of a deleted channel, or came back to it.
async fn cancel_waiting(shared: &Shared, desk: &Desk) -> Result<(), StoreError> {
    let now = (shared.clock)();
    let cancelled =
        retry::while_unavailable("cancel_waiting", || shared.store.cancel_waiting(desk.channel_id, now)).await?;
    if cancelled > 0 {
        tracing::info!(channel.id = %desk.channel_id, cancelled, "messages of a deleted channel were cancelled");
    }
    Ok(())
}

/// A limiter that counts what was sent before, and rests where the platform asked for it.
async fn rebuild(shared: &Shared, channel: &ActiveChannel, now: DateTime<Utc>) -> Result<Limiter, StoreError> {
    let mut limiter = Limiter::new(&channel.limits);
    let memory = chrono::Duration::from_std(limiter.memory()).unwrap_or_default();
    let attempts = shared.store.recent_attempts(channel.id(), now - memory, REMEMBERED).await?;
    let ages: Vec<_> =
        attempts.into_iter().map(|(at, recipient)| ((now - at).to_std().unwrap_or_default(), recipient)).collect();
    limiter.remember(&ages);
    if let Some(until) = shared.store.paused_until(channel.id()).await? {
        limiter.pause(Instant::now() + (until - now).to_std().unwrap_or_default());
    }
    Ok(limiter)
}
