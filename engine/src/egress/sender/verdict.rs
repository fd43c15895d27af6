//! What is said of a message that was not sent, and what that says of its channel.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    attempt::{Settlement, is_out_of_reach},
    platform::{Failure, FailureKind},
    sending::Refusal,
};
use patchbay_store::sending::Due;

use crate::session::desk::{Desk, lock};

pub(super) fn waited(due: &Due, now: DateTime<Utc>) -> chrono::Duration {
    now - due.message.scheduled_at.unwrap_or(due.message.created_at)
}

/// Until when the channel rests because its platform is out of reach.
pub(super) fn reach(
    desk: &Desk,
    outcome: &Result<Vec<String>, Failure>,
    made: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let mut reach = lock(&desk.reach);
    if outcome.as_ref().err().is_some_and(is_out_of_reach) {
        return reach.missed(made, now, rand::random());
    }
    reach.answered();
    None
}

pub(super) fn failure(kind: FailureKind, message: &str) -> Failure {
    Failure { kind, code: None, message: message.to_owned(), retry_after_ms: None, scope: None }
}

pub(super) fn refused(refusal: Refusal) -> Settlement {
    let kind = match refusal {
        Refusal::OutsideWindow => FailureKind::OutsideWindow,
        Refusal::OptedOut | Refusal::DoNotDisturb => FailureKind::Blocked,
        Refusal::NoSuchRecipient => FailureKind::Unreachable,
        Refusal::UnsupportedContent => FailureKind::Unsupported,
        Refusal::ChannelUnauthorized => FailureKind::Unauthorized,
        Refusal::ChannelDisabled | Refusal::TooLarge => FailureKind::Rejected,
    };
    Settlement::Failed(Failure { code: Some(refusal.code().to_owned()), ..failure(kind, &refusal.to_string()) })
}
