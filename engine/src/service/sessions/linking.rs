//! A session on its server: how it is, starting and stopping it, and pairing a phone with it.

use std::time::Duration;

use patchbay_domain::{
    ChannelId,
    platform::{Command, Failure, FailureKind, Outcome, SessionChange, SessionState},
};
use patchbay_store::channels::Channel;
use serde_json::{Value, json};

use super::{manage, reach};
use crate::{
    app::App,
    auth::Principal,
    service::{
        ServiceError,
        audit::{Action, Entity},
    },
    session::SessionError,
};

/// How long a session that was just started is given to have a code, and how often it is asked.
const ASKED: u32 = 10;
const PAUSE: Duration = Duration::from_secs(1);

/// What its front ends tell sessions apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Disconnected,
    Connecting,
    Connected,
    Failed,
}

impl Status {
    pub const fn of(state: Option<SessionState>) -> Self {
        match state {
            None | Some(SessionState::Stopped | SessionState::Disconnected) => Self::Disconnected,
            Some(SessionState::Starting | SessionState::AwaitingQr | SessionState::AwaitingCode) => Self::Connecting,
            Some(SessionState::Connected) => Self::Connected,
            Some(SessionState::Failed) => Self::Failed,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Start,
    Stop,
    Restart,
    Logout,
}

/// As the server says.
pub async fn status(app: &App, principal: &Principal, id: ChannelId) -> Result<(Channel, SessionState), ServiceError> {
    reach(app, principal, id).await?;
    let state = change_of(ask(app, id, Command::SessionStatus).await?)?.state;
    Ok((reach(app, principal, id).await?, state))
}

/// Whoever may ask for the code may start it; the rest is for those who manage it.
pub async fn change(app: &App, principal: &Principal, id: ChannelId, change: Change) -> Result<Channel, ServiceError> {
    let command = match change {
        Change::Start => Command::SessionStart,
        Change::Stop => Command::SessionStop,
        Change::Restart => Command::SessionRestart,
        Change::Logout => Command::SessionLogout,
    };
    let known = match change {
        Change::Start => reach(app, principal, id).await?,
        Change::Stop | Change::Restart | Change::Logout => manage(app, principal, id).await?,
    };
    changed(app, principal, &known, command).await?;
    reach(app, principal, id).await
}

/// The code to scan, as a PNG.
pub async fn qr(app: &App, principal: &Principal, id: ChannelId) -> Result<Vec<u8>, ServiceError> {
    let known = reach(app, principal, id).await?;
    await_phone(app, principal, &known).await?;
    match ask(app, id, Command::Qr).await? {
        Outcome::Qr(picture) => Ok(picture),
        _ => Err(odd()),
    }
}

/// The code to type on the phone of this number.
pub async fn pairing_code(
    app: &App,
    principal: &Principal,
    id: ChannelId,
    phone: String,
) -> Result<String, ServiceError> {
    let known = reach(app, principal, id).await?;
    await_phone(app, principal, &known).await?;
    let command = Command::PairingCode(phone);
    let asked = json!({"asked": command.word()});
    match ask(app, id, command).await? {
        Outcome::PairingCode(code) => {
            note(app, principal, &known, json!({}), asked).await?;
            Ok(code)
        }
        _ => Err(odd()),
    }
}

/// Starts a session that is down, and waits a little until it has a code.
async fn await_phone(app: &App, principal: &Principal, known: &Channel) -> Result<(), ServiceError> {
    let id = known.id;
    let mut state = change_of(ask(app, id, Command::SessionStatus).await?)?.state;
    let begin = match state {
        SessionState::Stopped | SessionState::Disconnected => Some(Command::SessionStart),
        SessionState::Failed => Some(Command::SessionRestart),
        _ => None,
    };
    if let Some(command) = begin {
        state = changed(app, principal, known, command).await?;
    }
    for _ in 0..ASKED {
        match state {
            SessionState::AwaitingQr | SessionState::AwaitingCode => return Ok(()),
            SessionState::Connected => return Err(connected()),
            _ => tokio::time::sleep(PAUSE).await,
        }
        state = change_of(ask(app, id, Command::SessionStatus).await?)?.state;
    }
    Err(ServiceError::unavailable())
}

/// Has the server change the session, and writes down who wanted it.
async fn changed(
    app: &App,
    principal: &Principal,
    known: &Channel,
    command: Command,
) -> Result<SessionState, ServiceError> {
    let asked = command.word();
    let state = change_of(ask(app, known.id, command).await?)?.state;
    let (before, after) = (json!({"session": known.session_state}), json!({"session": state, "asked": asked}));
    note(app, principal, known, before, after).await?;
    Ok(state)
}

async fn note(
    app: &App,
    principal: &Principal,
    channel: &Channel,
    before: Value,
    after: Value,
) -> Result<(), ServiceError> {
    let audit = principal.did(Action::Update, Entity::Channel, channel.id).with_change(before, after);
    Ok(app.store.audit(&audit, (app.clock)()).await?)
}

async fn ask(app: &App, id: ChannelId, command: Command) -> Result<Outcome, ServiceError> {
    app.sessions.command(id, command).await.map_err(refused)
}

fn change_of(outcome: Outcome) -> Result<SessionChange, ServiceError> {
    match outcome {
        Outcome::Session(change) => Ok(change),
        _ => Err(odd()),
    }
}

fn odd() -> ServiceError {
    ServiceError::Platform("the connector answered with something else than was asked for".to_owned())
}

fn connected() -> ServiceError {
    ServiceError::conflict("CONNECTED", "the session is connected already: there is nothing to scan or to type")
}

/// Where the server is stays unsaid: it may be the installation's own.
fn refused(error: SessionError) -> ServiceError {
    match error {
        SessionError::UnknownChannel => ServiceError::NotFound("session"),
        SessionError::Failed(failure) => of_failure(failure),
        SessionError::Transport(reason) => {
            tracing::warn!(reason, "a WAHA server could not be reached");
            ServiceError::Platform("the WAHA server could not be reached".to_owned())
        }
        SessionError::Connector(reason) => {
            tracing::error!(reason, "the connector of sessions failed");
            odd()
        }
        SessionError::Unavailable(reason) => {
            tracing::warn!(reason, "a session cannot be worked with");
            ServiceError::unavailable()
        }
    }
}

/// The status with which WAHA says that a session is not in the state for what is asked.
const NOT_IN_STATE: &str = "422";

fn of_failure(failure: Failure) -> ServiceError {
    let Failure { kind, code, message, .. } = failure;
    match kind {
        FailureKind::Unauthorized => ServiceError::Refused { code: "CHANNEL_UNAUTHORIZED", message },
        FailureKind::Rejected if code.as_deref() == Some(NOT_IN_STATE) => {
            ServiceError::conflict("NOT_IN_STATE", message)
        }
        FailureKind::Rejected | FailureKind::Unsupported => ServiceError::Refused { code: "REFUSED_BY_WAHA", message },
        _ => ServiceError::Platform(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_has_its_word() {
        use SessionState::{AwaitingCode, AwaitingQr, Connected, Disconnected, Failed, Starting, Stopped};
        assert_eq!(Status::of(None), Status::Disconnected);
        assert_eq!([Stopped, Disconnected].map(|state| Status::of(Some(state))), [Status::Disconnected; 2]);
        assert_eq!([Starting, AwaitingQr, AwaitingCode].map(|state| Status::of(Some(state))), [Status::Connecting; 3]);
        assert_eq!([Connected, Failed].map(|state| Status::of(Some(state))), [Status::Connected, Status::Failed]);
    }

    #[test]
    fn whoever_asks_is_never_told_that_they_are_not_logged_in() {
        let failure = |kind, code: Option<&str>| {
            let code = code.map(str::to_owned);
            of_failure(Failure { kind, code, message: "m".into(), retry_after_ms: None, scope: None })
        };
        assert!(matches!(failure(FailureKind::Unauthorized, Some("401")), ServiceError::Refused { .. }));
        assert!(matches!(failure(FailureKind::Rejected, Some("422")), ServiceError::Conflict { .. }));
        assert!(matches!(failure(FailureKind::Temporary, None), ServiceError::Platform(_)));
    }
}
