//! Why a client's connection ends, as every dialect's socket says it.

use std::time::Duration;

use actix_ws::{CloseCode, CloseReason};

use super::inbox::CURSOR_TOO_OLD;
use crate::{app::App, auth::Principal, realtime::Ended};

/// How often it is looked whether the login is in force: a revoked one ends within a second.
pub const LOGIN: Duration = Duration::from_millis(400);
/// For so long it is tried to say why a connection is closed.
pub const GOODBYE: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// The client went, or cannot be reached.
    Gone,
    Stopping,
    LoggedOut,
    Silent,
    TooSlow,
    CursorTooOld,
    TooLarge,
    Unreadable,
    Failed,
}

impl Farewell {
    pub fn reason(self) -> Option<CloseReason> {
        let (code, sentence) = match self {
            Self::Gone => return None,
            Self::Stopping => (CloseCode::Away, "this node stops; come back with your cursor"),
            Self::LoggedOut => (CloseCode::Other(4401), "this login has ended; log in again"),
            Self::Silent => (CloseCode::Other(4408), "nothing was heard of you"),
            Self::CursorTooOld => (CloseCode::Other(4410), CURSOR_TOO_OLD),
            Self::TooSlow => (CloseCode::Other(4429), "you take events too slowly; come back with your cursor"),
            Self::TooLarge => (CloseCode::Size, "a frame is larger than is taken here"),
            Self::Unreadable => (CloseCode::Protocol, "a frame cannot be read"),
            Self::Failed => (CloseCode::Error, "something went wrong on our side; come back with your cursor"),
        };
        Some(CloseReason { code, description: Some(sentence.to_owned()) })
    }
}

impl From<Ended> for Farewell {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::TooSlow => Self::TooSlow,
            Ended::Stopping => Self::Stopping,
            Ended::CursorTooOld { .. } => Self::CursorTooOld,
            Ended::Store(error) => {
                tracing::warn!(%error, "a client's events could not be read");
                Self::Failed
            }
        }
    }
}

/// Whether a client's login is still in force; whose it is by now is what its principal says afterwards.
pub async fn is_logged_in(app: &App, principal: &mut Principal) -> Result<(), Farewell> {
    match app.auth.logins.current(principal.caller.login_id, (app.clock)()).await {
        Ok(Some(caller)) => {
            principal.caller = caller;
            Ok(())
        }
        Ok(None) => Err(Farewell::LoggedOut),
        Err(error) if error.is_retryable() => Ok(()),
        Err(error) => {
            tracing::warn!(%error, "a client's login could not be looked up");
            Err(Farewell::Failed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_but_the_clients_own_has_a_code_and_a_sentence() {
        assert_eq!(Farewell::Gone.reason(), None);
        for farewell in [Farewell::Stopping, Farewell::LoggedOut, Farewell::Silent, Farewell::TooSlow] {
            let reason = farewell.reason().unwrap();
            // A control frame has 125 bytes at most.
            assert!(reason.description.is_some_and(|sentence| sentence.len() <= 123));
        }
    }
}
