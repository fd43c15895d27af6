//! The pace of one channel: governor limiters for the channel and for each of
//! its recipients. A limit delays a message, it never fails one.
//!
//! A permit is for a moment. It is given out a little ahead of it, so that
//! looking at the queue and recording the attempt cost no pace, and the request
//! leaves when the moment has come ([decision 18](../../docs/decisions/0018-a-permit-is-for-a-moment.md)).

mod window;

use std::{
    cell::Cell,
    collections::HashSet,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use governor::{
    NotUntil, Quota, RateLimiter,
    clock::Clock,
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed, keyed::DefaultKeyedStateStore},
};
use patchbay_domain::{
    ConversationId,
    platform::{LimitScope, RateLimit},
};

use self::window::Window;
use super::caution::Caution;

/// Recipients are forgotten once their limit has recovered. It is looked who that is when this many are known, and again
/// whenever there are twice as many as were left.
const RECIPIENTS: usize = 10_000;
/// Limits over a longer time are kept as if they were over this one.
const LONGEST_REACH: Duration = Duration::from_hours(31 * 24);
/// How long before its moment a permit is given out.
const AHEAD: Duration = Duration::from_millis(50);
/// Each interval is longer by this part: a little more than what requests spread on their way ([`Window::SPREAD`]), so that
/// what was late catches up.
const SPREAD: u32 = 250;
/// A request that is later than this, or than half an interval, gives its moment up for a new one: together with those
/// behind it, it would be one too many for a short time.
const LEAST_TOLERANCE: Duration = Duration::from_millis(5);
/// A request that is no later than this was on time: no timer is more exact.
const PUNCTUAL: Duration = Duration::from_millis(2);

/// Shows the moment that a permit is asked for.
#[derive(Clone, Debug, Default)]
struct Hand(Arc<AtomicU64>);

impl Clock for Hand {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::new(self.0.load(Ordering::Relaxed))
    }
}

type Unkeyed = RateLimiter<NotKeyed, InMemoryState, Hand, NoOpMiddleware<Nanos>>;
type Keyed = RateLimiter<ConversationId, DefaultKeyedStateStore<ConversationId>, Hand, NoOpMiddleware<Nanos>>;

enum Limit {
    Channel(Unkeyed),
    Recipient { limiter: Keyed, looked_at_with: Cell<usize> },
}

pub struct Limiter {
    limits: Vec<(RateLimit, Limit)>,
    /// Of each limit of the channel.
    windows: Vec<Window>,
    /// Until when requests are held back by them.
    held_until: Option<Instant>,
    hand: Hand,
    /// What the hand calls zero: before everything that still counts.
    zero: Duration,
    made: Instant,
    paused_until: Option<Instant>,
    /// Of these pauses, the end of the last that was asked for because of the pace.
    slowed_until: Option<Instant>,
    caution: Option<Caution>,
}

/// How far a message has come through the limits, and to which moment; a permit that it was given is kept while it
/// waits for the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    passed: usize,
    moment: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// At this moment, which has come or is near.
    Go(Instant),
    /// Only this recipient has to wait.
    RecipientWaits(Duration),
    /// Everybody on the channel has to wait.
    ChannelWaits(Duration),
}

impl Limiter {
    /// Limits that permit nothing or take no time are no limits; the manifest check refuses them.
    pub fn new(limits: &[RateLimit], now: Instant) -> Self {
        let hand = Hand::default();
        let mut limits: Vec<_> = limits.iter().filter_map(|limit| Some((*limit, build(limit, &hand)?))).collect();
        // Recipients first: whoever has to wait alone takes no permit from the others.
        limits.sort_by_key(|(limit, _)| limit.scope == LimitScope::Channel);
        let zero = limits.iter().map(|(limit, _)| reach(limit) * 2).max().unwrap_or_default();
        let of_channel = limits.iter().filter(|(limit, _)| limit.scope == LimitScope::Channel);
        let windows = of_channel.filter_map(|(limit, _)| Window::of(limit)).collect();
        Self {
            limits,
            windows,
            held_until: None,
            hand,
            zero,
            made: now,
            paused_until: None,
            slowed_until: None,
            caution: None,
        }
    }

    /// How far back attempts still count.
    pub fn memory(&self) -> Duration {
        self.zero
    }

    /// Counts what was sent before a restart, given how long ago each attempt was, the newest first. Where there were
    /// more, or the first of them is so old that others before it may still count, it counts as if they had used up
    /// the burst: what was permitted once is not permitted again.
    pub fn remember(&self, attempts: &[(Duration, ConversationId)], are_all: bool) {
        for (rate, limit) in &self.limits {
            let reach = reach(rate);
            let mut met = HashSet::new();
            for (age, recipient) in attempts.iter().rev().filter(|(age, _)| *age < reach * 2) {
                // An attempt is recorded up to so long before its request leaves.
                let left = self.zero.saturating_sub(age.saturating_sub(AHEAD));
                let is_first = met.insert(matches!(limit, Limit::Recipient { .. }).then_some(*recipient));
                if is_first && (!are_all || *age >= reach) {
                    for _ in 1..rate.burst.unwrap_or(1) {
                        self.take_in_any_case(limit, *recipient, left);
                    }
                }
                self.take_in_any_case(limit, *recipient, left);
            }
        }
    }

    /// Nobody is served before then.
    pub fn rest(&mut self, until: Instant) {
        self.paused_until = Some(self.paused_until.map_or(until, |known| known.max(until)));
    }

    /// Nobody is served before then, and nobody as fast as before until some time after that.
    pub fn pause(&mut self, until: Instant, now: Instant) {
        // Of many answers to one burst, only the first says something new.
        let harder = self.slowed_until.is_none_or(|known| known <= now);
        self.rest(until);
        let until = self.slowed_until.map_or(until, |known| known.max(until));
        self.slowed_until = Some(until);
        let usual = self.interval().unwrap_or(Caution::UNLIMITED);
        self.caution = Some(Caution::after(self.caution.take(), usual, harder, until));
    }

    pub fn check(&mut self, recipient: ConversationId, progress: &mut Progress, now: Instant) -> Pace {
        if let Some(until) = self.paused_until {
            if now < until {
                return Pace::ChannelWaits(until - now);
            }
            self.paused_until = None;
        }
        let latest = now + AHEAD;
        // Whoever would only be held back waits in the queue, where people go first. Each that is held back leaves a
        // little late, and with a permit for each moment all the same there would be more and more of them.
        let held = self.held_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        let closed = self.opens().map_or(Duration::ZERO, |opens| opens.saturating_duration_since(latest));
        let wait = held.max(closed);
        if !wait.is_zero() {
            return Pace::ChannelWaits(wait);
        }
        self.caution.take_if(|caution| caution.is_over(now));
        let careful = self.caution.as_ref().map_or(now, |caution| caution.next(now));
        if careful > latest {
            return Pace::ChannelWaits(careful - latest);
        }
        let mut moment = progress.moment.unwrap_or(now).max(careful).max(now);
        while let Some((_, limit)) = self.limits.get(progress.passed) {
            if let Err(free) = self.take(limit, recipient, self.shown(moment)) {
                let free = self.instant(free);
                if free > latest || self.take(limit, recipient, self.shown(free)).is_err() {
                    let wait = free.saturating_duration_since(latest);
                    return match limit {
                        Limit::Channel(_) => Pace::ChannelWaits(wait),
                        Limit::Recipient { .. } => Pace::RecipientWaits(wait),
                    };
                }
                moment = free;
            }
            progress.passed += 1;
            progress.moment = Some(moment);
        }
        if let Some(caution) = &mut self.caution {
            caution.went(moment);
        }
        Pace::Go(moment)
    }

    /// Whether a request may leave that had this moment, else the moment that it has instead. One that is a little late
    /// leaves in its place, and the one behind it that the platform would see as one too many waits for as long.
    pub fn leave(&mut self, moment: Instant, now: Instant) -> Result<(), Instant> {
        let Some(interval) = self.interval() else { return Ok(()) };
        if now.saturating_duration_since(moment) > (interval / 2).max(LEAST_TOLERANCE) {
            let instead = self.claim(now);
            if instead > now {
                return Err(instead);
            }
        }
        let free = self.opens().map_or(moment, |opens| opens.max(moment));
        if free > now {
            self.held_until = self.held_until.max(Some(free));
            return Err(free);
        }
        let punctual = self.windows.iter().map(Window::spread).fold(PUNCTUAL, Duration::min);
        let left = if now.saturating_duration_since(free) <= punctual { free } else { now };
        for window in &mut self.windows {
            window.went(left);
        }
        Ok(())
    }

    /// The next moment at which the channel may send, which is taken with it. The recipient's own limit counts from the
    /// moment that they had.
    pub fn claim(&self, now: Instant) -> Instant {
        let nobody = ConversationId::from_uuid(uuid::Uuid::nil());
        let channel = self.limits.iter().filter(|(_, limit)| matches!(limit, Limit::Channel(_)));
        let moments = channel.map(|(_, limit)| self.take_in_any_case(limit, nobody, self.shown(now)));
        moments.max().map_or(now, |moment| self.instant(moment))
    }

    /// When the next request may leave, for all that has left.
    fn opens(&self) -> Option<Instant> {
        self.windows.iter().filter_map(Window::opens).max()
    }

    /// The longest of the channel, recipients apart.
    fn interval(&self) -> Option<Duration> {
        let of_channel = self.limits.iter().filter(|(limit, _)| limit.scope == LimitScope::Channel);
        of_channel.filter_map(|(limit, _)| interval(limit)).max()
    }

    fn shown(&self, at: Instant) -> Duration {
        self.zero + at.saturating_duration_since(self.made)
    }

    fn instant(&self, shown: Duration) -> Instant {
        self.made + shown.saturating_sub(self.zero)
    }

    /// Else when there is a permit.
    fn take(&self, limit: &Limit, recipient: ConversationId, at: Duration) -> Result<(), Duration> {
        self.hand.0.store(u64::try_from(at.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        let free = |refused: NotUntil<Nanos>| Duration::from_nanos(refused.earliest_possible().as_u64());
        match limit {
            Limit::Channel(limiter) => limiter.check().map_err(free),
            Limit::Recipient { limiter, looked_at_with } => {
                if limiter.len() > looked_at_with.get() {
                    limiter.retain_recent();
                    looked_at_with.set(RECIPIENTS.max(limiter.len() * 2));
                }
                limiter.check_key(&recipient).map_err(free)
            }
        }
    }

    /// The first permit there is from then on.
    fn take_in_any_case(&self, limit: &Limit, recipient: ConversationId, at: Duration) -> Duration {
        let Err(free) = self.take(limit, recipient, at) else { return at };
        // It is free then by its own word.
        self.take(limit, recipient, free).map_or_else(|later| later, |()| free)
    }
}

fn permitted_interval(limit: &RateLimit) -> Option<Duration> {
    Some(Duration::from_millis(limit.per_ms).min(LONGEST_REACH) / NonZeroU32::new(limit.permits)?.get())
}

fn interval(limit: &RateLimit) -> Option<Duration> {
    let interval = permitted_interval(limit)?;
    Some(interval + interval / SPREAD).filter(|interval| !interval.is_zero())
}

/// How long a full burst takes to recover.
fn reach(limit: &RateLimit) -> Duration {
    let burst = limit.burst.unwrap_or(1).max(1);
    interval(limit).unwrap_or_default().saturating_mul(burst).min(LONGEST_REACH) + AHEAD
}

fn build(limit: &RateLimit, hand: &Hand) -> Option<Limit> {
    let quota = Quota::with_period(interval(limit)?)?
        .allow_burst(limit.burst.and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN));
    Some(match limit.scope {
        LimitScope::Channel => Limit::Channel(RateLimiter::direct_with_clock(quota, hand.clone())),
        LimitScope::Recipient => Limit::Recipient {
            limiter: RateLimiter::new(quota, DefaultKeyedStateStore::default(), hand.clone()),
            looked_at_with: Cell::new(RECIPIENTS),
        },
    })
}

#[cfg(test)]
mod tests;
