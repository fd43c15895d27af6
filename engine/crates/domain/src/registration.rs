//! Telling a platform where a channel's webhook is: what follows from its answer.

use chrono::{DateTime, Duration, Utc};

use crate::{
    attempt::{MAX_ATTEMPTS, backoff},
    platform::{Failure, FailureKind},
};

/// Whatever a platform asks for: then it is tried again.
const LONGEST_WAIT: Duration = Duration::hours(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Not again, for these settings and this address.
    Done,
    /// Again, but not before then. After many tries a person is told.
    Later { at: DateTime<Utc>, tell: bool },
    /// It will not work before a person does something.
    Refused,
}

/// `tries` counts this one.
#[must_use]
pub fn after(answer: Result<(), &Failure>, tries: u32, jitter: f64, now: DateTime<Utc>) -> Progress {
    let Err(failure) = answer else { return Progress::Done };
    match failure.kind {
        // This channel's platform calls no webhook, or has nothing to be told.
        FailureKind::Unsupported => Progress::Done,
        FailureKind::Temporary | FailureKind::RateLimited | FailureKind::Unknown => {
            let asked = failure.retry_after_ms.and_then(|wait| i64::try_from(wait).ok()).map(Duration::milliseconds);
            let wait = asked.unwrap_or_default().min(LONGEST_WAIT).max(backoff(tries, jitter));
            Progress::Later { at: now + wait, tell: tries >= MAX_ATTEMPTS }
        }
        FailureKind::Rejected
        | FailureKind::Unreachable
        | FailureKind::OutsideWindow
        | FailureKind::Blocked
        | FailureKind::Unauthorized => Progress::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(kind: FailureKind, retry_after_ms: Option<u64>, tries: u32) -> Progress {
        let failure = Failure { kind, code: None, message: "m".into(), retry_after_ms, scope: None };
        after(Err(&failure), tries, 0.5, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn what_passes_is_tried_again_and_told_after_many_tries() {
        let at = |wait| DateTime::UNIX_EPOCH + wait;
        assert_eq!(run(FailureKind::Temporary, None, 1), Progress::Later { at: at(backoff(1, 0.5)), tell: false });
        assert_eq!(run(FailureKind::Unknown, None, 10), Progress::Later { at: at(backoff(10, 0.5)), tell: true });
        let asked = Progress::Later { at: at(Duration::minutes(2)), tell: false };
        assert_eq!(run(FailureKind::RateLimited, Some(120_000), 1), asked);
        let longest = Progress::Later { at: at(LONGEST_WAIT), tell: false };
        assert_eq!(run(FailureKind::RateLimited, Some(u64::MAX / 4), 1), longest);
    }

    #[test]
    fn what_does_not_pass_needs_a_person_unless_there_is_nothing_to_register() {
        assert_eq!(after(Ok(()), 1, 0.5, DateTime::UNIX_EPOCH), Progress::Done);
        assert_eq!(run(FailureKind::Unsupported, None, 1), Progress::Done);
        assert_eq!(run(FailureKind::Rejected, None, 1), Progress::Refused);
        assert_eq!(run(FailureKind::Unauthorized, None, 1), Progress::Refused);
    }
}
