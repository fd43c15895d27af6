//! The pace of one channel: governor limiters for the channel and for each of
//! its recipients. A limit delays a message, it never fails one.

use std::{
    num::NonZeroU32,
    time::{Duration, Instant},
};

use governor::{
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use patchbay_domain::{
    ConversationId,
    platform::{LimitScope, RateLimit},
};

/// Recipients are forgotten once their limit has recovered, looked at when this many are known.
const RECIPIENTS: usize = 10_000;
/// Limits over a longer time are kept as if they were over this one.
const LONGEST_REACH: Duration = Duration::from_hours(31 * 24);

enum Limit {
    Channel(DefaultDirectRateLimiter),
    Recipient(DefaultKeyedRateLimiter<ConversationId>),
}

pub struct Limiter {
    limits: Vec<(RateLimit, Limit)>,
    clock: DefaultClock,
    paused_until: Option<Instant>,
}

/// How far a message has come through the limits; a permit that it was given is kept while it waits for the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress(usize);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    Go,
    /// Only this recipient has to wait.
    RecipientWaits(Duration),
    /// Everybody on the channel has to wait.
    ChannelWaits(Duration),
}

impl Limiter {
    /// Limits that permit nothing or take no time are no limits; the manifest check refuses them.
    pub fn new(limits: &[RateLimit]) -> Self {
        let mut limits: Vec<_> = limits.iter().filter_map(|limit| Some((*limit, build(limit)?))).collect();
        // Recipients first: whoever has to wait alone takes no permit from the others.
        limits.sort_by_key(|(limit, _)| limit.scope == LimitScope::Channel);
        Self { limits, clock: DefaultClock::default(), paused_until: None }
    }

    /// How far back attempts still count.
    pub fn memory(&self) -> Duration {
        self.limits.iter().map(|(limit, _)| reach(limit)).max().unwrap_or_default()
    }

    /// Counts what was sent before a restart, given how long ago each attempt was.
    pub fn remember(&self, attempts: &[(Duration, ConversationId)]) {
        for (rate, limit) in &self.limits {
            let reach = reach(rate);
            for (_, recipient) in attempts.iter().filter(|(age, _)| *age < reach) {
                // Taken where it is still to be had; where not, the limit is used up as it should be.
                match limit {
                    Limit::Channel(limiter) => drop(limiter.check()),
                    Limit::Recipient(limiter) => drop(limiter.check_key(recipient)),
                }
            }
        }
    }

    /// Nobody is served before then.
    pub fn pause(&mut self, until: Instant) {
        self.paused_until = Some(self.paused_until.map_or(until, |known| known.max(until)));
    }

    pub fn check(&mut self, recipient: ConversationId, progress: &mut Progress, now: Instant) -> Pace {
        if let Some(until) = self.paused_until {
            if now < until {
                return Pace::ChannelWaits(until - now);
            }
            self.paused_until = None;
        }
        while let Some((_, limit)) = self.limits.get(progress.0) {
            match limit {
                Limit::Channel(limiter) => {
                    if let Err(refused) = limiter.check() {
                        return Pace::ChannelWaits(refused.wait_time_from(self.clock.now()));
                    }
                }
                Limit::Recipient(limiter) => {
                    if limiter.len() > RECIPIENTS {
                        limiter.retain_recent();
                    }
                    if let Err(refused) = limiter.check_key(&recipient) {
                        return Pace::RecipientWaits(refused.wait_time_from(self.clock.now()));
                    }
                }
            }
            progress.0 += 1;
        }
        Pace::Go
    }
}

/// How long a full burst takes to recover.
fn reach(limit: &RateLimit) -> Duration {
    let interval = Duration::from_millis(limit.per_ms) / limit.permits.max(1);
    interval.saturating_mul(limit.burst.unwrap_or(1).max(1)).min(LONGEST_REACH)
}

fn build(limit: &RateLimit) -> Option<Limit> {
    let permits = NonZeroU32::new(limit.permits)?;
    let quota = Quota::with_period(Duration::from_millis(limit.per_ms).min(LONGEST_REACH) / permits.get())?
        .allow_burst(limit.burst.and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN));
    Some(match limit.scope {
        LimitScope::Channel => Limit::Channel(RateLimiter::direct(quota)),
        LimitScope::Recipient => Limit::Recipient(RateLimiter::keyed(quota)),
    })
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn limit(scope: LimitScope, permits: u32, per_ms: u64, burst: Option<u32>) -> RateLimit {
        RateLimit { scope, permits, per_ms, burst }
    }

    fn recipient() -> ConversationId {
        ConversationId::at(DateTime::UNIX_EPOCH)
    }

    fn check(limiter: &mut Limiter, recipient: ConversationId) -> Pace {
        limiter.check(recipient, &mut Progress::default(), Instant::now())
    }

    #[test]
    fn without_limits_everything_goes() {
        let mut limiter = Limiter::new(&[]);
        assert!((0..1000).all(|_| check(&mut limiter, recipient()) == Pace::Go));
    }

    #[test]
    fn a_channel_waits_after_its_permit_and_a_recipient_alone() {
        let mut limiter = Limiter::new(&[
            limit(LimitScope::Channel, 2, 120_000, Some(2)),
            limit(LimitScope::Recipient, 1, 60_000, None),
        ]);
        let (ana, ben, cleo) = (recipient(), recipient(), recipient());
        assert_eq!(check(&mut limiter, ana), Pace::Go);
        assert!(matches!(check(&mut limiter, ana), Pace::RecipientWaits(_)));
        assert_eq!(check(&mut limiter, ben), Pace::Go);
        assert!(matches!(check(&mut limiter, cleo), Pace::ChannelWaits(_)));
    }

    #[test]
    fn a_permit_is_kept_while_waiting_for_the_next() {
        let mut limiter =
            Limiter::new(&[limit(LimitScope::Channel, 1, 60_000, None), limit(LimitScope::Recipient, 1, 60_000, None)]);
        assert_eq!(check(&mut limiter, recipient()), Pace::Go);
        let (ana, mut progress) = (recipient(), Progress::default());
        assert!(matches!(limiter.check(ana, &mut progress, Instant::now()), Pace::ChannelWaits(_)));
        // Not the recipient's limit again, though it was used.
        assert!(matches!(limiter.check(ana, &mut progress, Instant::now()), Pace::ChannelWaits(_)));
        assert_eq!(progress, Progress(1));
    }

    #[test]
    fn what_was_sent_before_a_restart_counts() {
        let mut limiter = Limiter::new(&[limit(LimitScope::Channel, 1, 60_000, Some(2))]);
        assert_eq!(limiter.memory(), Duration::from_mins(2));
        limiter.remember(&[(Duration::from_secs(1), recipient()), (Duration::from_secs(500), recipient())]);
        assert_eq!(check(&mut limiter, recipient()), Pace::Go);
        assert!(matches!(check(&mut limiter, recipient()), Pace::ChannelWaits(_)));
    }

    #[test]
    fn a_pause_holds_everybody_and_ends() {
        let mut limiter = Limiter::new(&[]);
        let now = Instant::now();
        limiter.pause(now + Duration::from_secs(5));
        limiter.pause(now + Duration::from_secs(3));
        let wait = limiter.check(recipient(), &mut Progress::default(), now);
        assert_eq!(wait, Pace::ChannelWaits(Duration::from_secs(5)));
        assert_eq!(limiter.check(recipient(), &mut Progress::default(), now + Duration::from_secs(5)), Pace::Go);
    }
}
