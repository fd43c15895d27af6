//! What Twilio answers. The code decides what a refusal means, not the HTTP status; a server's error and a lost answer
//! leave open whether a message went out.

use crate::errors;
use patchbay_plugin_sdk::{Failure, LimitScope, Response, TransportError};
use serde::Deserialize;
use serde_json::Value;

/// Whether an answer that was lost or cannot be read leaves open what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A message may have gone out.
    Sends,
    /// Asking again does no harm.
    Repeatable,
}

impl Effect {
    fn unclear(self, message: impl Into<String>) -> Failure {
        match self {
            Self::Sends => Failure::unknown(message),
            Self::Repeatable => Failure::temporary(message),
        }
    }

    pub fn unreadable(self, what: &str) -> Failure {
        self.unclear(format!("Twilio's answer is not the expected JSON: {what}"))
    }

    fn refusal(self, response: &Response) -> Failure {
        let error: Refusal = response.json().unwrap_or_default();
        let (status, code) = (response.status, error.code());
        let message = error.sentence().unwrap_or_else(|| format!("Twilio answered {status} without saying why"));
        let failure = match code {
            Some(code) if errors::is_servers(code) => self.unclear(message).code(code),
            Some(code) => errors::known(code, &message).unwrap_or_else(|| self.status(status, message).code(code)),
            None => self.status(status, message).code(status),
        };
        match response.retry_after_ms() {
            Some(asked) => failure.retry_after(Some(asked)),
            None => failure,
        }
    }

    /// The HTTP status, where no code says better.
    fn status(self, status: u16, message: String) -> Failure {
        match status {
            401 => Failure::unauthorized(message),
            429 => Failure::rate_limited(message).scope(LimitScope::Channel),
            // Nobody knows how much of the request arrived.
            408 => self.unclear(message),
            300..=499 => Failure::rejected(message),
            _ => self.unclear(message),
        }
    }
}

/// An error of either form: newer APIs say `title` and `detail` instead of `message`.
#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    code: Value,
    #[serde(default)]
    message: Value,
    #[serde(default)]
    title: Value,
    #[serde(default)]
    detail: Value,
}

impl Refusal {
    fn code(&self) -> Option<u32> {
        number(&self.code)
    }

    fn sentence(&self) -> Option<String> {
        let said = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        match (said(&self.message).or_else(|| said(&self.title)), said(&self.detail)) {
            (Some(message), Some(detail)) if message != detail => {
                Some(format!("{}: {detail}", message.trim_end_matches('.')))
            }
            (message, detail) => message.or(detail),
        }
    }
}

/// A number, or a text of one.
fn number(value: &Value) -> Option<u32> {
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    number.or_else(|| value.as_str()?.trim().parse().ok())
}

/// The answer, if it says that the request went well.
pub fn success(effect: Effect, response: Result<Response, TransportError>) -> Result<Response, Failure> {
    let response = response.map_err(|error| match error {
        TransportError::Unknown(reason) => effect.unclear(reason),
        other => other.into(),
    })?;
    if response.is_success() { Ok(response) } else { Err(effect.refusal(&response)) }
}

#[derive(Deserialize)]
struct Created {
    #[serde(default)]
    sid: Value,
    #[serde(default)]
    status: Value,
    #[serde(default)]
    error_code: Value,
    #[serde(default)]
    error_message: Value,
}

/// The identifier of the message that was accepted, unless it failed at once.
pub fn sent(response: Result<Response, TransportError>) -> Result<String, Failure> {
    let response = success(Effect::Sends, response)?;
    let created: Created = response.json().map_err(|error| Effect::Sends.unreadable(&error))?;
    if matches!(created.status.as_str(), Some("failed" | "undelivered" | "canceled")) {
        let code = number(&created.error_code).map(|code| code.to_string());
        let message = created.error_message.as_str().unwrap_or("Twilio made the message and did not send it");
        return Err(errors::of_accepted(code.as_deref(), message));
    }
    let sid = created.sid.as_str().filter(|sid| !sid.is_empty());
    sid.map(str::to_owned).ok_or_else(|| Effect::Sends.unreadable("the message has no sid"))
}
