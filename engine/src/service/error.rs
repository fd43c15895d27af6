//! What can go wrong in a service call, in eleven cases. Each dialect says the same
//! in its own shape; `api::problem` decides the HTTP status for all of them.

use std::time::Duration;

use patchbay_domain::{conversation::RuleError, sending::Refusal};
use patchbay_store::StoreError;

use crate::{
    auth::{Forbidden, PasswordError, TokenError},
    channels::ChannelError,
    conversation::ConversationError,
    keyring::KeyringError,
};

/// After this long it is worth asking again.
const PAUSE: Duration = Duration::from_secs(1);

/// One field that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// As the caller named it.
    pub field: String,
    /// What it should be: a sentence without its subject, such as "must be an e-mail address".
    pub problem: String,
}

#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error("{}", sentences(.0))]
    Invalid(Vec<FieldProblem>),
    /// The caller's own token or password; never a channel's credentials.
    #[error("{0}")]
    Unauthenticated(String),
    #[error("{0}")]
    Forbidden(String),
    /// There is none of this kind, or not in the caller's organisation.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    #[error("{message}")]
    Conflict { code: &'static str, message: String, id: Option<String> },
    /// Understood and possible to say, but not to do.
    #[error("{message}")]
    Refused { code: &'static str, message: String },
    #[error("the request is larger than is taken here")]
    TooLarge,
    #[error("{message}")]
    TooMany { message: &'static str, retry_after: Duration },
    #[error("this cannot be done at the moment; try again")]
    Unavailable { retry_after: Duration },
    /// A platform that was asked for something at once did not do it, or was not to be reached.
    #[error("{0}")]
    Platform(String),
    /// Our fault. The text is for the log, never for the caller.
    #[error("{0}")]
    Internal(String),
}

impl ServiceError {
    pub fn invalid(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldProblem { field: field.into(), problem: problem.into() }])
    }

    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::Conflict { code, message: message.into(), id: None }
    }

    pub fn unavailable() -> Self {
        Self::Unavailable { retry_after: PAUSE }
    }
}

fn sentences(problems: &[FieldProblem]) -> String {
    let sentences: Vec<_> = problems.iter().map(ToString::to_string).collect();
    sentences.join("; ")
}

impl std::fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        if error.is_retryable() {
            tracing::warn!(%error, "a call could not be done for want of the database");
            return Self::unavailable();
        }
        match error {
            StoreError::Conflict(_) => Self::conflict("EXISTS", "this exists already"),
            error => Self::Internal(error.to_string()),
        }
    }
}

impl From<PasswordError> for ServiceError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::unavailable(),
            PasswordError::Failed(_) => Self::Internal(error.to_string()),
        }
    }
}

impl From<TokenError> for ServiceError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Expired | TokenError::Invalid => Self::Unauthenticated(error.to_string()),
            TokenError::Signing => Self::Internal(error.to_string()),
        }
    }
}

impl From<Forbidden> for ServiceError {
    fn from(error: Forbidden) -> Self {
        Self::Forbidden(error.to_string())
    }
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused { code: refusal.code(), message: refusal.to_string() }
    }
}

impl From<RuleError> for ServiceError {
    fn from(error: RuleError) -> Self {
        match error {
            RuleError::Refused(refusal) => refusal.into(),
            RuleError::TicketOpen(id) => {
                Self::Conflict { code: "TICKET_OPEN", message: error.to_string(), id: Some(id.to_string()) }
            }
            RuleError::TicketSuperseded => Self::conflict("TICKET_SUPERSEDED", error.to_string()),
        }
    }
}

impl From<ConversationError> for ServiceError {
    fn from(error: ConversationError) -> Self {
        match error {
            ConversationError::Rule(rule) => rule.into(),
            ConversationError::NotFound => Self::NotFound("conversation"),
            ConversationError::Unavailable => Self::unavailable(),
            ConversationError::Failing | ConversationError::Broken(_) => Self::Internal(error.to_string()),
        }
    }
}

impl From<KeyringError> for ServiceError {
    fn from(error: KeyringError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<ChannelError> for ServiceError {
    fn from(error: ChannelError) -> Self {
        match error {
            ChannelError::Unknown => Self::NotFound("channel"),
            ChannelError::NoConnector(_) => Self::Refused { code: "NO_CONNECTOR", message: error.to_string() },
            ChannelError::Secrets(error) => error.into(),
            ChannelError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_name_their_fields() {
        let error = ServiceError::Invalid(vec![
            FieldProblem { field: "email".into(), problem: "must be an e-mail address".into() },
            FieldProblem { field: "name".into(), problem: "is required".into() },
        ]);
        assert_eq!(error.to_string(), "email: must be an e-mail address; name: is required");
    }

    #[test]
    fn a_refusal_keeps_its_code() {
        let ServiceError::Refused { code, message } = Refusal::OutsideWindow.into() else { panic!("not refused") };
        assert_eq!(code, "OUTSIDE_WINDOW");
        assert!(message.contains("template"), "{message}");
    }
}
