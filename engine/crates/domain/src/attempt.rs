//! What follows from an attempt to send: one table for every connector.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use crate::platform::{Failure, FailureKind, LimitScope};

/// What to do with a message whose request left and whose answer was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownPolicy {
    /// Keep it as unknown and ask a person.
    #[default]
    Hold,
    /// Send it again: better twice than never.
    Resend,
}

impl UnknownPolicy {
    /// A campaign writes to nobody twice, whatever its channel does with people's answers.
    #[must_use]
    pub const fn of(self, in_campaign: bool) -> Self {
        if in_campaign { Self::Hold } else { self }
    }
}

/// What becomes of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The platform accepted it under these identifiers.
    Sent {
        external_ids: Vec<String>,
    },
    /// Back into the queue until then.
    Retry {
        at: DateTime<Utc>,
        failure: Failure,
    },
    Failed(Failure),
    Unknown(Failure),
}

/// What the channel or the recipient learns from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consequence {
    None,
    /// It was too fast: nobody on this channel is served before then, nor as fast as before for a while.
    PauseChannel {
        until: DateTime<Utc>,
    },
    /// The platform is out of reach: nobody on this channel is served before then.
    RestChannel {
        until: DateTime<Utc>,
    },
    /// The credentials are refused: nothing is sent until a person corrects them.
    ChannelUnauthorized,
    RecipientOptedOut,
    RecipientUnreachable,
}

impl Consequence {
    /// What a platform's report teaches that a message failed which it had accepted. A pace that it reports is over by
    /// then.
    #[must_use]
    pub const fn of_report(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Unauthorized => Self::ChannelUnauthorized,
            FailureKind::Blocked => Self::RecipientOptedOut,
            FailureKind::Unreachable => Self::RecipientUnreachable,
            FailureKind::Temporary
            | FailureKind::RateLimited
            | FailureKind::Rejected
            | FailureKind::OutsideWindow
            | FailureKind::Unsupported
            | FailureKind::Unknown => Self::None,
        }
    }
}

/// A channel that is asked to wait so long should be looked at: platforms do so when they restrict an account, or when
/// its day's messages are used up.
const ALARMING_WAIT_MS: u64 = 15 * 60 * 1_000;

/// Whether a person should know that everybody on the channel has to wait.
#[must_use]
pub fn is_alarming(failure: &Failure) -> bool {
    let is_long = failure.retry_after_ms.is_some_and(|wait| wait >= ALARMING_WAIT_MS);
    failure.kind == FailureKind::RateLimited && is_long && failure.scope != Some(LimitScope::Recipient)
}

/// How often a message was tried, this time included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tries {
    pub made: u32,
    /// Of those before, how many ended because of the platform's pace, or found nobody.
    pub paced: u32,
}

impl Tries {
    /// Those that count toward [`MAX_ATTEMPTS`].
    #[must_use]
    pub const fn counted(self) -> u32 {
        self.made.saturating_sub(self.paced)
    }

    /// With attempts that found nobody, time counts instead: a day, however many they were.
    fn may_go_on_out_of_reach(self, waited: Duration) -> bool {
        self.made < MAX_ATTEMPTS || waited < LONGEST_WAIT
    }

    const fn may_go_on(self) -> bool {
        self.counted() < MAX_ATTEMPTS
    }
}

/// After this many attempts, those not counted that ended because of the platform's pace or found nobody, a temporary
/// failure is final.
pub const MAX_ATTEMPTS: u32 = 10;
const FIRST_DELAY_MS: i64 = 1_000;
const LONGEST_DELAY_MS: i64 = 15 * 60 * 1_000;
const LONGEST_WAIT: Duration = Duration::hours(24);

/// The code of a temporary failure where no request reached anybody.
pub const OUT_OF_REACH: &str = "OUT_OF_REACH";

/// Whether it says nothing of the message, because nobody has seen it.
#[must_use]
pub fn is_out_of_reach(failure: &Failure) -> bool {
    failure.kind == FailureKind::Temporary && failure.code.as_deref() == Some(OUT_OF_REACH)
}

/// How long before attempt `attempt + 1`: doubling, spread by `jitter` in 0..1 so that
/// messages that failed together do not return together.
#[must_use]
pub fn backoff(attempt: u32, jitter: f64) -> Duration {
    let doubled = FIRST_DELAY_MS.saturating_mul(1 << attempt.saturating_sub(1).min(20)).min(LONGEST_DELAY_MS);
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "at most fifteen minutes")]
    let spread = (doubled as f64 * 0.5 * jitter.clamp(0.0, 1.0)) as i64;
    Duration::milliseconds(doubled / 2 + spread + doubled / 4)
}

/// `waited` is how long ago it was to be sent.
#[must_use]
pub fn settle(
    outcome: Result<Vec<String>, Failure>,
    tries: Tries,
    waited: Duration,
    policy: UnknownPolicy,
    jitter: f64,
    now: DateTime<Utc>,
) -> (Settlement, Consequence) {
    let failure = match outcome {
        Ok(external_ids) => return (Settlement::Sent { external_ids }, Consequence::None),
        Err(failure) => failure,
    };
    let wait = failure
        .retry_after_ms
        .map_or_else(
            || backoff(tries.made, jitter),
            |wait| Duration::milliseconds(i64::try_from(wait).unwrap_or(i64::MAX / 2)),
        )
        // Whatever was asked for: a day later it is worth another look.
        .min(LONGEST_WAIT);
    let at = now + wait;
    match failure.kind {
        FailureKind::Temporary if is_out_of_reach(&failure) && tries.may_go_on_out_of_reach(waited) => {
            (Settlement::Retry { at, failure }, Consequence::None)
        }
        FailureKind::Temporary if is_out_of_reach(&failure) => (Settlement::Failed(failure), Consequence::None),
        FailureKind::Temporary if tries.may_go_on() => (Settlement::Retry { at, failure }, Consequence::None),
        // A pace is not the message's fault: it waits as long as it takes.
        FailureKind::RateLimited => {
            let consequence = match failure.scope {
                Some(LimitScope::Recipient) => Consequence::None,
                Some(LimitScope::Channel) | None => Consequence::PauseChannel { until: at },
            };
            (Settlement::Retry { at, failure }, consequence)
        }
        FailureKind::Unauthorized => (Settlement::Retry { at: now, failure }, Consequence::ChannelUnauthorized),
        FailureKind::Unknown if policy == UnknownPolicy::Resend && tries.may_go_on() => {
            (Settlement::Retry { at, failure }, Consequence::None)
        }
        FailureKind::Unknown => (Settlement::Unknown(failure), Consequence::None),
        FailureKind::Blocked => (Settlement::Failed(failure), Consequence::RecipientOptedOut),
        FailureKind::Unreachable => (Settlement::Failed(failure), Consequence::RecipientUnreachable),
        FailureKind::Temporary | FailureKind::Rejected | FailureKind::OutsideWindow | FailureKind::Unsupported => {
            (Settlement::Failed(failure), Consequence::None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(kind: FailureKind) -> Result<Vec<String>, Failure> {
        Err(Failure { kind, code: None, message: "m".into(), retry_after_ms: None, scope: None })
    }

    const FIRST: Tries = Tries { made: 1, paced: 0 };

    fn run(kind: FailureKind, made: u32, policy: UnknownPolicy) -> (Settlement, Consequence) {
        settle(failed(kind), Tries { made, paced: 0 }, Duration::zero(), policy, 0.5, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn temporary_failures_are_tried_again_and_then_given_up() {
        assert!(matches!(run(FailureKind::Temporary, 1, UnknownPolicy::Hold).0, Settlement::Retry { .. }));
        assert!(matches!(run(FailureKind::Temporary, MAX_ATTEMPTS, UnknownPolicy::Hold).0, Settlement::Failed(_)));
        assert!(matches!(run(FailureKind::RateLimited, 1000, UnknownPolicy::Hold).0, Settlement::Retry { .. }));
    }

    #[test]
    fn attempts_that_only_came_too_fast_do_not_count() {
        let settled = |tries| {
            let waited = Duration::zero();
            settle(failed(FailureKind::Temporary), tries, waited, UnknownPolicy::Hold, 0.5, DateTime::UNIX_EPOCH).0
        };
        assert!(matches!(settled(Tries { made: MAX_ATTEMPTS + 4, paced: 5 }), Settlement::Retry { .. }));
        assert!(matches!(settled(Tries { made: MAX_ATTEMPTS + 5, paced: 5 }), Settlement::Failed(_)));
    }

    #[test]
    fn what_reached_nobody_is_tried_for_a_day_however_often_that_is() {
        let failure = Failure { code: Some(OUT_OF_REACH.into()), ..failed(FailureKind::Temporary).unwrap_err() };
        let settled = |made, waited| {
            let tries = Tries { made, paced: made - 1 };
            settle(Err(failure.clone()), tries, waited, UnknownPolicy::Hold, 0.5, DateTime::UNIX_EPOCH).0
        };
        assert!(matches!(settled(10 * MAX_ATTEMPTS, Duration::hours(23)), Settlement::Retry { .. }));
        assert!(matches!(settled(MAX_ATTEMPTS, Duration::hours(24)), Settlement::Failed(_)));
        assert!(matches!(settled(1, Duration::days(3)), Settlement::Retry { .. }), "it waited for something else");
    }

    #[test]
    fn a_lost_answer_is_repeated_only_where_the_channel_says_so() {
        assert!(matches!(run(FailureKind::Unknown, 1, UnknownPolicy::Hold).0, Settlement::Unknown(_)));
        assert!(matches!(run(FailureKind::Unknown, 1, UnknownPolicy::Resend).0, Settlement::Retry { .. }));
        assert_eq!(UnknownPolicy::Resend.of(true), UnknownPolicy::Hold);
        assert_eq!(UnknownPolicy::Resend.of(false), UnknownPolicy::Resend);
    }

    #[test]
    fn refused_credentials_stop_the_channel_and_keep_the_message() {
        let (settlement, consequence) = run(FailureKind::Unauthorized, 1, UnknownPolicy::Hold);
        assert!(matches!(settlement, Settlement::Retry { .. }));
        assert_eq!(consequence, Consequence::ChannelUnauthorized);
    }

    #[test]
    fn only_the_recipient_waits_for_a_pair_limit() {
        let failure = Failure {
            kind: FailureKind::RateLimited,
            code: None,
            message: "m".into(),
            retry_after_ms: Some(6_000),
            scope: Some(LimitScope::Recipient),
        };
        let (settlement, consequence) =
            settle(Err(failure.clone()), FIRST, Duration::zero(), UnknownPolicy::Hold, 0.0, DateTime::UNIX_EPOCH);
        let at = DateTime::UNIX_EPOCH + Duration::seconds(6);
        assert_eq!((settlement, consequence), (Settlement::Retry { at, failure }, Consequence::None));
    }

    #[test]
    fn a_person_is_told_of_a_long_wait_of_the_whole_channel() {
        let failure = |wait, scope| Failure {
            kind: FailureKind::RateLimited,
            code: None,
            message: "m".into(),
            retry_after_ms: Some(wait),
            scope,
        };
        assert!(is_alarming(&failure(900_000, None)) && is_alarming(&failure(900_000, Some(LimitScope::Channel))));
        assert!(!is_alarming(&failure(899_999, None)) && !is_alarming(&failure(900_000, Some(LimitScope::Recipient))));
        assert!(!is_alarming(&Failure { kind: FailureKind::Temporary, ..failure(900_000, None) }));
    }

    #[test]
    fn delays_grow_stay_bounded_and_are_spread() {
        for attempt in 1..64 {
            let (low, high) = (backoff(attempt, 0.0), backoff(attempt, 1.0));
            assert!(low < high && high <= Duration::milliseconds(LONGEST_DELAY_MS * 5 / 4));
            assert!(low <= backoff(attempt + 1, 0.0));
        }
    }
}
