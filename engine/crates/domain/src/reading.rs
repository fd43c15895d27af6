//! What a platform is told of those who read and write here: when it is asked again, and how often it hears of typing.

use chrono::{DateTime, Duration, Utc};

use crate::{
    attempt::backoff,
    platform::{Failure, FailureKind},
};

/// A receipt that comes later than that says nothing to anybody.
const TRIES: u32 = 8;
const LONGEST_WAIT: Duration = Duration::minutes(15);
/// Platforms show it for five seconds at least.
const EVERY: Duration = Duration::seconds(5);

/// When a receipt is tried again; never where it was taken, or where trying again does not mend it. `tries` counts this one.
#[must_use]
pub fn receipt_again(
    answer: Result<(), &Failure>,
    tries: u32,
    jitter: f64,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let failure = answer.err()?;
    let passes = matches!(failure.kind, FailureKind::Temporary | FailureKind::RateLimited | FailureKind::Unknown);
    if !passes || tries >= TRIES {
        return None;
    }
    let asked = failure.retry_after_ms.and_then(|wait| i64::try_from(wait).ok()).map(Duration::milliseconds);
    Some(now + asked.unwrap_or_default().min(LONGEST_WAIT).max(backoff(tries, jitter)))
}

/// What a platform was last told of typing in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypingTold {
    pub began_at: DateTime<Utc>,
    pub is_on: bool,
}

/// What to tell it now, if anything: that it begins every few seconds at most, that it ends once.
#[must_use]
pub fn typing(told: Option<TypingTold>, begins: bool, now: DateTime<Utc>) -> Option<TypingTold> {
    match (told, begins) {
        (Some(told), true) if now < told.began_at + EVERY => None,
        (_, true) => Some(TypingTold { began_at: now, is_on: true }),
        (Some(told), false) if told.is_on => Some(TypingTold { is_on: false, ..told }),
        (_, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(kind: FailureKind, retry_after_ms: Option<u64>) -> Failure {
        Failure { kind, code: None, message: "m".into(), retry_after_ms, scope: None }
    }

    #[test]
    fn what_passes_is_tried_again_for_a_while() {
        let now = DateTime::UNIX_EPOCH;
        let again = |kind, asked, tries| receipt_again(Err(&failure(kind, asked)), tries, 0.5, now);
        assert_eq!(receipt_again(Ok(()), 1, 0.5, now), None);
        assert_eq!(again(FailureKind::Temporary, None, 1), Some(now + backoff(1, 0.5)));
        assert_eq!(again(FailureKind::RateLimited, Some(120_000), 1), Some(now + Duration::minutes(2)));
        assert_eq!(again(FailureKind::RateLimited, Some(u64::MAX / 4), 1), Some(now + LONGEST_WAIT));
        assert_eq!(again(FailureKind::Unknown, None, TRIES), None);
        for kind in [FailureKind::Unsupported, FailureKind::Rejected, FailureKind::Unauthorized] {
            assert_eq!(again(kind, None, 1), None, "{kind:?}");
        }
    }

    #[test]
    fn typing_is_told_now_and_then_and_its_end_once() {
        let at = |seconds| DateTime::UNIX_EPOCH + Duration::seconds(seconds);
        let begun = typing(None, true, at(0));
        assert_eq!(begun, Some(TypingTold { began_at: at(0), is_on: true }));
        assert_eq!(typing(begun, true, at(4)), None, "it was told just now");
        assert!(typing(begun, true, at(5)).is_some());
        let ended = typing(begun, false, at(2));
        assert_eq!(ended, Some(TypingTold { began_at: at(0), is_on: false }));
        assert_eq!((typing(ended, false, at(2)), typing(None, false, at(2))), (None, None));
        assert_eq!(typing(ended, true, at(3)), None, "however often it begins");
        assert!(typing(ended, true, at(6)).is_some());
    }
}
