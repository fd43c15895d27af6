//! Why a command did not work, said in one line.

use crate::types::{Command, Failure, FailureKind, LimitScope, Response, TransportError};

/// How long a send waits between two of its messages where the platform does not say: the slowest pace that one publishes
/// for a single recipient.
const PAUSE_MS: u64 = 6_000;
/// Whoever asks to wait longer lets others go first.
const LONGEST_PAUSE_MS: u64 = 10_000;
/// How often one send waits.
const PAUSES: u32 = 2;

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $kind:ident;)*) => {
        $($(#[$doc])*
        pub fn $name(message: impl Into<String>) -> Self {
            Self::of(FailureKind::$kind, message)
        })*
    };
}

impl Failure {
    pub fn of(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, code: None, message: message.into(), retry_after_ms: None, scope: None }
    }

    constructors! {
        /// Try again later.
        temporary => Temporary;
        /// The platform asks for a slower pace.
        rate_limited => RateLimited;
        /// It will never work: bad content, bad request.
        rejected => Rejected;
        /// It will never reach this recipient on this channel.
        unreachable => Unreachable;
        /// Needs a template or a tag.
        outside_window => OutsideWindow;
        /// The contact does not want it.
        blocked => Blocked;
        /// The credentials are refused.
        unauthorized => Unauthorized;
        /// The connector or the platform cannot do this.
        unsupported => Unsupported;
        /// It may have been sent.
        unknown => Unknown;
    }

    /// The connector does not implement this command.
    pub fn unsupported_command(command: &Command) -> Self {
        Self::unsupported(format!("this connector cannot {}", command.name()))
    }

    /// The platform's own code, for people and for statistics.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a code is a number or a short text, given as it is")]
    pub fn code(self, code: impl ToString) -> Self {
        Self { code: Some(code.to_string()), ..self }
    }

    /// How long the platform asks to wait.
    #[must_use]
    pub fn retry_after(self, milliseconds: Option<u64>) -> Self {
        Self { retry_after_ms: milliseconds, ..self }
    }

    /// Only this recipient has to wait, or the whole channel.
    #[must_use]
    pub fn scope(self, scope: LimitScope) -> Self {
        Self { scope: Some(scope), ..self }
    }

    /// How long to wait before the same request is made again within the command, for a send of several messages of which
    /// some are out: beginning anew would repeat those. None where it may have been sent, where waiting does not help or
    /// takes too long, or after it was done so often (`pauses`).
    pub fn pause_ms(&self, pauses: u32) -> Option<u64> {
        let passes = matches!(self.kind, FailureKind::Temporary | FailureKind::RateLimited);
        let wait = self.retry_after_ms.unwrap_or(PAUSE_MS);
        (passes && pauses < PAUSES && wait <= LONGEST_PAUSE_MS).then_some(wait)
    }

    /// What a failure means of which some messages are out: sending all of them again would repeat those, so that is for a
    /// person to decide. What it tells of the recipient holds all the same.
    #[must_use]
    pub fn after_some(self, sent: usize, all: usize) -> Self {
        if sent == 0 {
            return self;
        }
        let kind = match self.kind {
            kind @ (FailureKind::Unreachable | FailureKind::Blocked) => kind,
            _ => FailureKind::Unknown,
        };
        let message = format!("{sent} of {all} messages were sent, then: {}", self.message);
        Self { code: self.code, ..Self::of(kind, message) }
    }

    /// What an HTTP status says about a send, for platforms whose error codes say nothing better.
    ///
    /// A server error leaves open whether the message was accepted, unless the server asks to come back; so does a server
    /// that tired of waiting for the request.
    pub fn from_status(response: &Response) -> Self {
        let message = format!("the platform answered {}", response.status);
        let wait = response.retry_after_ms();
        let failure = match response.status {
            401 => Self::unauthorized(message),
            408 => Self::unknown(message),
            429 => Self::rate_limited(message).retry_after(wait),
            503 if wait.is_some() => Self::temporary(message).retry_after(wait),
            300..=499 => Self::rejected(message),
            _ => Self::unknown(message),
        };
        failure.code(response.status)
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::NotSent(reason) => Self::temporary(reason),
            TransportError::Unknown(reason) => Self::unknown(reason),
            TransportError::Refused(reason) => Self::rejected(reason),
        }
    }
}

impl Command {
    /// What the command is called, in words.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Send(_) => "send",
            Self::React(_) => "react",
            Self::Edit(_) => "edit",
            Self::Delete(_) => "delete",
            Self::MarkRead(_) => "mark messages as read",
            Self::SetTyping(_) => "show typing",
            Self::TestConnection => "test the connection",
            Self::RegisterWebhook => "register a webhook",
            Self::FetchMedia(_) => "fetch media",
            Self::FetchProfile(_) => "fetch a profile",
            Self::ListContacts(_) => "list contacts",
            Self::ListTemplates => "list templates",
            Self::SubmitTemplate(_) => "submit a template",
            Self::Poll(_) => "poll",
            Self::SessionStart => "start a session",
            Self::SessionStop => "stop a session",
            Self::SessionRestart => "restart a session",
            Self::SessionLogout => "log a session out",
            Self::SessionStatus => "tell a session's status",
            Self::Qr => "show a QR code",
            Self::PairingCode(_) => "make a pairing code",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_send_of_several_messages_waits_a_moment_and_not_for_ever() {
        let asked = |wait| Failure::rate_limited("m").retry_after(wait);
        assert_eq!([0, 1, 2].map(|pauses| asked(Some(3_000)).pause_ms(pauses)), [Some(3_000), Some(3_000), None]);
        assert_eq!((asked(None).pause_ms(0), asked(Some(60_000)).pause_ms(0)), (Some(PAUSE_MS), None));
        assert_eq!(Failure::temporary("m").pause_ms(0), Some(PAUSE_MS));
        for lasting in [Failure::unknown("m"), Failure::rejected("m"), Failure::unauthorized("m")] {
            assert_eq!(lasting.pause_ms(0), None);
        }
    }

    #[test]
    fn after_some_messages_a_person_decides() {
        let after = |failure: Failure, sent| failure.code(7).after_some(sent, 3);
        assert_eq!(after(Failure::temporary("m"), 0), Failure::temporary("m").code(7));
        assert_eq!(after(Failure::unauthorized("m"), 1).kind, FailureKind::Unknown);
        let gone = after(Failure::unreachable("m"), 2);
        assert_eq!((gone.kind, gone.code.as_deref()), (FailureKind::Unreachable, Some("7")));
        assert_eq!(gone.message, "2 of 3 messages were sent, then: m");
    }
}
