//! Why a command did not work, said in one line.

use crate::types::{Command, Failure, FailureKind, LimitScope, Response, TransportError};

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

    /// What an HTTP status says about a send, for platforms whose error codes say nothing better.
    ///
    /// A server error leaves open whether the message was accepted, unless the server asks to come back.
    pub fn from_status(response: &Response) -> Self {
        let message = format!("the platform answered {}", response.status);
        let wait = response.retry_after_ms();
        let failure = match response.status {
            401 => Self::unauthorized(message),
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
