//! What WAHA answers. It has no error codes of its own: the HTTP status and the form of the answer say what a refusal
//! means. A server's error and a lost answer leave open whether a message went out.

use crate::address::MessageId;
use crate::wire::{at, text, text_at};
use patchbay_plugin_sdk::{Failure, Response, TransportError};
use serde_json::Value;

/// What a call does, which decides what an unclear answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A message may have gone out.
    Sends,
    /// Doing it again does no harm.
    Changes,
    /// It changes nothing.
    Reads,
}

/// A message of an error that people should read is shorter.
const LONGEST: usize = 300;

impl Effect {
    fn unclear(self, message: impl Into<String>) -> Failure {
        match self {
            Self::Sends => Failure::unknown(message),
            Self::Changes | Self::Reads => Failure::temporary(message),
        }
    }

    pub fn unreadable(self, what: &str) -> Failure {
        self.unclear(format!("WAHA's answer is not the expected JSON: {what}"))
    }

    fn refusal(self, response: &Response) -> Failure {
        let body: Value = response.json().unwrap_or_default();
        let status = response.status;
        let sentence = sentence(&body).unwrap_or_else(|| format!("WAHA answered {status} without saying why"));
        let failure = match (status, session_status(&body)) {
            (401 | 403, _) => Failure::unauthorized(sentence),
            // Nothing goes out until the session works again; what is only read waits for it.
            (422, Some(session)) => {
                let sentence = format!("{sentence} (the session is {session})");
                if self == Self::Reads { Failure::temporary(sentence) } else { Failure::unauthorized(sentence) }
            }
            // Nothing but the session, or the server's address, can be missing when something is sent.
            (404, _) if self == Self::Sends || sentence.to_ascii_lowercase().contains("session") => {
                Failure::unauthorized(sentence)
            }
            (408, _) => self.unclear(sentence),
            (429, _) => Failure::rate_limited(sentence),
            (300..=499, _) => Failure::rejected(sentence),
            _ => self.unclear(sentence),
        };
        failure.code(status).retry_after(response.retry_after_ms())
    }
}

/// In which status the session is, where that is why a call was refused.
pub fn session_status(body: &Value) -> Option<&str> {
    text(body, "status").filter(|_| at(body, &["expected"]).is_array())
}

fn sentence(body: &Value) -> Option<String> {
    let message = at(body, &["message"]);
    let several = message.as_array().map(|all| all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "));
    let said = several.filter(|text| !text.is_empty()).or_else(|| {
        let exception = [&["exception", "message"][..], &["exception"], &["error"]];
        text(body, "message").or_else(|| exception.into_iter().find_map(|path| text_at(body, path))).map(str::to_owned)
    });
    said.map(|said| said.chars().take(LONGEST).collect())
}

/// The answer, if it says that the request went well.
pub fn success(effect: Effect, response: Result<Response, TransportError>) -> Result<Response, Failure> {
    let response = response.map_err(|error| match error {
        TransportError::Unknown(reason) => effect.unclear(reason),
        other => other.into(),
    })?;
    if response.is_success() { Ok(response) } else { Err(effect.refusal(&response)) }
}

/// The JSON of an answer that says that the request went well.
pub fn json(effect: Effect, response: Result<Response, TransportError>) -> Result<Value, Failure> {
    success(effect, response)?.json().map_err(|error| effect.unreadable(&error))
}

/// The identifier of the message that was sent: a text, the library's object of one engine, or the key of another.
pub fn sent(response: Result<Response, TransportError>) -> Result<String, Failure> {
    let answer = json(Effect::Sends, response)?;
    let forms = [&["id"][..], &["id", "_serialized"], &["id", "id"], &["key", "id"]];
    let id = forms.into_iter().find_map(|path| text_at(&answer, path));
    let id = id.ok_or_else(|| Effect::Sends.unreadable("the message has no id"))?;
    Ok(MessageId::parse(id).id.to_owned())
}
