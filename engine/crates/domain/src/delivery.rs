//! The life of an outbound message. States only move forward:
//! queued → sending → sent → delivered → read; failed and cancelled end it;
//! unknown is left only by proof (a status) or by a person's decision.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::platform::ReportedState;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MessageState {
    /// Committed by a contact or from elsewhere: it has no delivery of its own.
    Received,
    Scheduled,
    Queued,
    Sending,
    Sent,
    Delivered,
    Read,
    Failed,
    Cancelled,
    /// The request left and the answer was lost.
    Unknown,
}

impl MessageState {
    pub const ALL: [Self; 10] = [
        Self::Received,
        Self::Scheduled,
        Self::Queued,
        Self::Sending,
        Self::Sent,
        Self::Delivered,
        Self::Read,
        Self::Failed,
        Self::Cancelled,
        Self::Unknown,
    ];

    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Received => "RECEIVED",
            Self::Scheduled => "SCHEDULED",
            Self::Queued => "QUEUED",
            Self::Sending => "SENDING",
            Self::Sent => "SENT",
            Self::Delivered => "DELIVERED",
            Self::Read => "READ",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// Whether the engine still has something to do for it; later messages of its conversation wait for it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Sending)
    }

    /// The state after a platform's report, or `None` where the report changes nothing.
    ///
    /// A report is proof, so it also settles what was unknown, and a success overtakes our own giving up
    /// only from `Unknown`: a failed message stays failed.
    #[must_use]
    pub const fn after_report(self, report: ReportedState) -> Option<Self> {
        let reached = match report {
            ReportedState::Accepted | ReportedState::Sent => Self::Sent,
            ReportedState::Delivered => Self::Delivered,
            ReportedState::Read => Self::Read,
            ReportedState::Failed => Self::Failed,
        };
        let forward = match (self.rank(), reached) {
            (None, _) => false,
            // A message somebody read was not lost.
            (Some(rank), Self::Failed) => rank <= 2,
            (Some(rank), reached) => match reached.rank() {
                Some(target) => target > rank,
                None => false,
            },
        };
        if forward { Some(reached) } else { None }
    }

    /// The state after a person decided about a message whose outcome is unknown; `None` for any other.
    #[must_use]
    pub const fn after_decision(self, decision: Decision) -> Option<Self> {
        match (self, decision) {
            (Self::Unknown, Decision::Resend) => Some(Self::Queued),
            (Self::Unknown, Decision::Sent) => Some(Self::Sent),
            (Self::Unknown, Decision::Drop) => Some(Self::Cancelled),
            _ => None,
        }
    }

    /// How far on its way; `None` where the way has ended or never began.
    const fn rank(self) -> Option<u8> {
        match self {
            Self::Queued | Self::Sending | Self::Unknown => Some(1),
            Self::Sent => Some(2),
            Self::Delivered => Some(3),
            Self::Read => Some(4),
            Self::Received | Self::Scheduled | Self::Failed | Self::Cancelled => None,
        }
    }
}

impl std::str::FromStr for MessageState {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|state| state.word() == word).ok_or_else(|| UnknownWord(word.to_owned()))
    }
}

/// What a person decides about a message of which the engine cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Resend,
    /// It was seen to have arrived.
    Sent,
    Drop,
}

impl Decision {
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Resend => "resend",
            Self::Sent => "sent",
            Self::Drop => "drop",
        }
    }
}

/// A stored or received word that names no case of its set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a word of this set")]
pub struct UnknownWord(pub String);

/// When each stage was reached, as the platform says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryTimes {
    pub sent_at: Option<DateTime<Utc>>,
    pub delivered_at: Option<DateTime<Utc>>,
    pub read_at: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORTS: [ReportedState; 5] = [
        ReportedState::Accepted,
        ReportedState::Sent,
        ReportedState::Delivered,
        ReportedState::Read,
        ReportedState::Failed,
    ];

    #[test]
    fn every_order_of_reports_ends_in_the_furthest_state() {
        for first in [ReportedState::Sent, ReportedState::Delivered, ReportedState::Read] {
            for second in [ReportedState::Sent, ReportedState::Delivered, ReportedState::Read] {
                let run = |a, b| {
                    let state = MessageState::Queued;
                    let state = state.after_report(a).unwrap_or(state);
                    state.after_report(b).unwrap_or(state)
                };
                assert_eq!(run(first, second), run(second, first));
            }
        }
    }

    #[test]
    fn no_report_moves_a_message_back() {
        for state in MessageState::ALL {
            for report in REPORTS {
                if let Some(next) = state.after_report(report) {
                    assert!(next == MessageState::Failed || next.rank() > state.rank(), "{state:?} {report:?}");
                    assert_ne!(next, state);
                }
            }
        }
        assert_eq!(MessageState::Read.after_report(ReportedState::Failed), None);
        assert_eq!(MessageState::Failed.after_report(ReportedState::Read), None);
        assert_eq!(MessageState::Unknown.after_report(ReportedState::Sent), Some(MessageState::Sent));
    }

    #[test]
    fn a_person_decides_about_what_is_unknown_and_nothing_else() {
        let decided = |state: MessageState| state.after_decision(Decision::Resend);
        assert_eq!(decided(MessageState::Unknown), Some(MessageState::Queued));
        for state in MessageState::ALL.into_iter().filter(|state| *state != MessageState::Unknown) {
            assert_eq!(decided(state), None, "{state:?}");
        }
    }

    #[test]
    fn words_read_back() {
        for state in MessageState::ALL {
            assert_eq!(state.word().parse(), Ok(state));
        }
        assert!("sent".parse::<MessageState>().is_err());
    }
}
