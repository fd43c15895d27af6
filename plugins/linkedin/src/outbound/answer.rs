//! What LinkedIn answers. A refusal is told by its code and, where that is missing, by its sentence; there is no header
//! that says how long to wait.

use crate::wire::{at, text};
use patchbay_plugin_sdk::{Failure, Response, Timestamp, TransportError};
use serde_json::Value;

/// What a call does, which decides what an unclear answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A comment may be there now.
    Sends,
    /// Doing it again does no harm.
    Changes,
    /// It changes nothing.
    Reads,
}

/// The code under which the manifest knows it, whatever LinkedIn calls it.
pub const CONFLICT: &str = "409";
/// A message of an error that people should read is shorter.
const LONGEST: usize = 300;
/// The limit of comments is counted by the minute.
const MINUTE_MS: u64 = 60 * 1000;
/// Those of calls begin anew at midnight, UTC.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

impl Effect {
    fn unclear(self, message: impl Into<String>) -> Failure {
        match self {
            Self::Sends => Failure::unknown(message),
            Self::Changes | Self::Reads => Failure::temporary(message),
        }
    }

    pub fn unreadable(self, what: &str) -> Failure {
        self.unclear(format!("LinkedIn's answer is not the expected JSON: {what}"))
    }

    fn refusal(self, response: &Response, now: Timestamp) -> Failure {
        let body: Value = response.json().unwrap_or_default();
        let status = response.status;
        let code = text(&body, &["code"]);
        let said = text(&body, &["message"]).unwrap_or_default();
        let failure = match status {
            403 if said.contains("Unpermitted fields") => Failure::rejected(sentence(said, response)),
            // The token is not valid any more; or a scope, the product or the role on the page is missing.
            401 | 403 => Failure::unauthorized(sentence(said, response)),
            426 => Failure::unauthorized(outdated(said, response)),
            400 if matches!(code, Some("VERSION_MISSING" | "NONEXISTENT_VERSION")) => {
                Failure::unauthorized(outdated(said, response))
            }
            // Somebody else changed it at the same moment.
            409 => return Failure::temporary(sentence(said, response)).code(CONFLICT),
            408 => self.unclear(sentence(said, response)),
            429 => Failure::rate_limited(sentence(said, response)).retry_after(pause(said, now)),
            300..=499 => Failure::rejected(sentence(said, response)),
            _ => self.unclear(sentence(said, response)),
        };
        let wait = response.retry_after_ms().max(failure.retry_after_ms);
        let service = at(&body, &["serviceErrorCode"]).as_u64();
        let code = code.map(str::to_owned).or_else(|| service.map(|code| code.to_string()));
        failure.code(code.unwrap_or_else(|| status.to_string())).retry_after(wait)
    }
}

/// How long a limit asks to wait.
fn pause(said: &str, now: Timestamp) -> Option<u64> {
    let said = said.to_ascii_lowercase();
    if said.contains("comment create throttled") {
        Some(MINUTE_MS)
    } else if said.contains("day limit") {
        Some(DAY_MS - now % DAY_MS)
    } else {
        None
    }
}

fn outdated(said: &str, response: &Response) -> String {
    format!("{}; set the channel's apiVersion to one that LinkedIn still serves", sentence(said, response))
}

/// What LinkedIn says, and the identifier by which its support finds the call.
fn sentence(said: &str, response: &Response) -> String {
    let said = if said.is_empty() {
        format!("LinkedIn answered {} without saying why", response.status)
    } else {
        said.to_owned()
    };
    let said: String = said.chars().take(LONGEST).collect();
    match response.header("x-li-uuid").filter(|id| id.len() <= LONGEST) {
        Some(id) => format!("{said} (x-li-uuid {id})"),
        None => said,
    }
}

/// The answer, if it says that the request went well.
pub fn success(
    effect: Effect,
    response: Result<Response, TransportError>,
    now: Timestamp,
) -> Result<Response, Failure> {
    let response = response.map_err(|error| match error {
        TransportError::Unknown(reason) => effect.unclear(reason),
        other => other.into(),
    })?;
    if response.is_success() { Ok(response) } else { Err(effect.refusal(&response, now)) }
}

/// The JSON of an answer that says that the request went well.
pub fn json(effect: Effect, response: Result<Response, TransportError>, now: Timestamp) -> Result<Value, Failure> {
    success(effect, response, now)?.json().map_err(|error| effect.unreadable(&error))
}
