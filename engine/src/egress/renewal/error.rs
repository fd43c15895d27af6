//! Why there is no new token, and what follows from that.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    attempt,
    platform::{Failure, FailureKind, LimitScope},
};
use patchbay_store::StoreError;

use crate::{channels::ChannelError, keyring::KeyringError};

#[derive(Debug, thiserror::Error)]
pub(super) enum RenewalError {
    #[error("the platform refuses to renew the token: {0}")]
    Refused(String),
    #[error("the token could not be renewed: {reason}")]
    Passing { reason: String, until: DateTime<Utc> },
    #[error(transparent)]
    Channel(#[from] ChannelError),
    #[error(transparent)]
    Secrets(#[from] KeyringError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RenewalError {
    /// What it means for whoever needed the token. Nothing is lost by it: what waits to be sent waits on, and only
    /// where the platform refuses a person has to help.
    pub(super) fn as_failure(&self, now: DateTime<Utc>) -> Failure {
        let (kind, wait) = match self {
            Self::Refused(_) => (FailureKind::Unauthorized, None),
            Self::Passing { until, .. } => (FailureKind::RateLimited, Some(*until - now)),
            Self::Channel(_) | Self::Secrets(_) | Self::Store(_) => {
                (FailureKind::RateLimited, Some(attempt::backoff(1, 1.0)))
            }
        };
        let retry_after_ms = wait.map(|wait| u64::try_from(wait.num_milliseconds()).unwrap_or_default());
        Failure {
            kind,
            code: None,
            message: self.to_string(),
            retry_after_ms,
            scope: wait.map(|_| LimitScope::Channel),
        }
    }
}
