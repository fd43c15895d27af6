//! What the platform answers.

use crate::Effect;
use crate::json::Text;
use crate::messaging::RULES;
use patchbay_plugin_sdk::{Failure, Response, TransportError};
use serde::Deserialize;

/// The answer, if it says that the request went well.
pub fn success(effect: Effect, response: Result<Response, TransportError>) -> Result<Response, Failure> {
    let response = response.map_err(|error| effect.transport(error))?;
    if response.is_success() { Ok(response) } else { Err(effect.refusal(&response, RULES)) }
}

#[derive(Deserialize)]
struct Accepted<'a> {
    #[serde(default, borrow)]
    message_id: Text<'a>,
    #[serde(default, borrow)]
    attachment_id: Text<'a>,
}

/// The identifier of the message that was accepted.
pub fn sent(response: Result<Response, TransportError>) -> Result<String, Failure> {
    let response = success(Effect::Sends, response)?;
    let accepted: Accepted<'_> = response.json().map_err(|error| Effect::Sends.unreadable(&error))?;
    accepted.message_id.owned().ok_or_else(|| Effect::Sends.unreadable("it has no message_id"))
}

/// The identifier of the file that was uploaded.
pub fn uploaded(response: Result<Response, TransportError>) -> Result<String, Failure> {
    let response = success(Effect::Repeatable, response)?;
    let accepted: Accepted<'_> = response.json().map_err(|error| Effect::Repeatable.unreadable(&error))?;
    accepted.attachment_id.owned().ok_or_else(|| Effect::Repeatable.unreadable("it has no attachment_id"))
}
