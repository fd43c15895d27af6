//! Why a platform could not be asked.

use patchbay_domain::platform::{Failure, TransportError};
use patchbay_plugin_host::CallError;

use crate::{channels::ChannelError, supervision::AskError};

#[derive(Debug, Clone, thiserror::Error)]
pub enum SessionError {
    #[error("there is no such channel")]
    UnknownChannel,
    #[error("the platform answered: {}", .0.message)]
    Failed(Failure),
    #[error("the platform could not be reached: {0}")]
    Transport(String),
    #[error("the connector failed: {0}")]
    Connector(String),
    #[error("the channel cannot be worked with now: {0}")]
    Unavailable(String),
}

impl From<ChannelError> for SessionError {
    fn from(error: ChannelError) -> Self {
        match error {
            ChannelError::Unknown => Self::UnknownChannel,
            other => Self::Unavailable(other.to_string()),
        }
    }
}

impl From<CallError> for SessionError {
    fn from(error: CallError) -> Self {
        Self::Connector(error.to_string())
    }
}

impl From<TransportError> for SessionError {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::NotSent(reason) | TransportError::Unknown(reason) | TransportError::Refused(reason) => {
                Self::Transport(reason)
            }
        }
    }
}

impl From<AskError> for SessionError {
    fn from(error: AskError) -> Self {
        Self::Unavailable(error.to_string())
    }
}
