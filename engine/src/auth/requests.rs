//! How many calls a user, or an address that is nobody yet, may make, and how many messages an organisation may send
//! where its dialect counts them. Each node counts for itself.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::atomic::{AtomicU64, Ordering},
};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};
use patchbay_domain::{OrganisationId, UserId};

/// Every so many calls, those who are quiet again are forgotten.
const SWEEP: u64 = 4_096;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    User(UserId),
    Address(IpAddr),
    Organisation(OrganisationId),
}

pub struct RequestLimits {
    limiter: RateLimiter<Subject, DefaultKeyedStateStore<Subject>, DefaultClock, StateInformationMiddleware>,
    clock: DefaultClock,
    per_minute: NonZeroU32,
    calls: AtomicU64,
}

/// Where a caller stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    limit: u32,
    remaining: u32,
    /// Seconds until the full amount is there again.
    reset: u64,
    /// Seconds to wait, when this call was one too many.
    pub retry_after: Option<u64>,
}

impl RequestLimits {
    pub fn new(requests_per_minute: u32) -> Self {
        let per_minute = NonZeroU32::new(requests_per_minute).unwrap_or(NonZeroU32::MIN);
        let clock = DefaultClock::default();
        let limiter = RateLimiter::new(Quota::per_minute(per_minute), DefaultKeyedStateStore::default(), clock.clone());
        Self { limiter, clock, per_minute, calls: AtomicU64::new(1) }
    }

    /// Counts a call.
    pub fn check(&self, subject: Subject) -> Standing {
        if self.calls.fetch_add(1, Ordering::Relaxed).is_multiple_of(SWEEP) {
            self.limiter.retain_recent();
        }
        let limit = self.per_minute.get();
        match self.limiter.check_key(&subject) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                let spent = u64::from(limit.saturating_sub(remaining));
                Standing { limit, remaining, reset: (spent * 60).div_ceil(u64::from(limit)), retry_after: None }
            }
            Err(until) => {
                let wait = until.wait_time_from(self.clock.now()).as_secs_f64().ceil();
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most a minute")]
                let wait = (wait as u64).max(1);
                Standing { limit, remaining: 0, reset: 60, retry_after: Some(wait) }
            }
        }
    }
}

impl Standing {
    /// Tells the caller, in the headers of the IETF draft.
    pub fn tell(&self, headers: &mut HeaderMap) {
        for (name, value) in [
            (HeaderName::from_static("ratelimit-limit"), u64::from(self.limit)),
            (HeaderName::from_static("ratelimit-remaining"), u64::from(self.remaining)),
            (HeaderName::from_static("ratelimit-reset"), self.reset),
        ] {
            headers.insert(name, HeaderValue::from(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn the_last_call_of_a_minute_is_told_and_the_next_one_waits() {
        let limits = RequestLimits::new(3);
        let subject = Subject::User(UserId::at(DateTime::UNIX_EPOCH));
        let remaining: Vec<_> = (0..3).map(|_| limits.check(subject).remaining).collect();
        assert_eq!(remaining, [2, 1, 0]);
        let refused = limits.check(subject);
        assert_eq!(refused.remaining, 0);
        assert!((1..=20).contains(&refused.retry_after.unwrap()), "{refused:?}");
    }

    #[test]
    fn one_callers_haste_is_not_anothers() {
        let limits = RequestLimits::new(1);
        assert_eq!(limits.check(Subject::Address([127, 0, 0, 1].into())).retry_after, None);
        assert!(limits.check(Subject::Address([127, 0, 0, 1].into())).retry_after.is_some());
        assert_eq!(limits.check(Subject::Address([127, 0, 0, 2].into())).retry_after, None);
    }

    #[test]
    fn headers_tell_limit_remaining_and_reset() {
        let mut headers = HeaderMap::new();
        Standing { limit: 600, remaining: 599, reset: 1, retry_after: None }.tell(&mut headers);
        let read = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!((read("ratelimit-limit"), read("ratelimit-remaining")), ("600".to_owned(), "599".to_owned()));
    }
}
