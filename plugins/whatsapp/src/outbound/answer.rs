//! What the platform answers.

use crate::errors::RULES;
use patchbay_plugin_meta::Effect;
use patchbay_plugin_meta::json::Text;
use patchbay_plugin_sdk::host::{self, Level};
use patchbay_plugin_sdk::{Failure, Outcome, Participant, Response, Step, TransportError};
use serde::Deserialize;

/// The answer, if it says that the request went well.
pub fn success(effect: Effect, response: Result<Response, TransportError>) -> Result<Response, Failure> {
    let response = response.map_err(|error| effect.transport(error))?;
    if response.is_success() { Ok(response) } else { Err(effect.refusal(&response, RULES)) }
}

#[derive(Default, Deserialize)]
struct Number<'a> {
    #[serde(default, borrow)]
    display_phone_number: Text<'a>,
    #[serde(default, borrow)]
    verified_name: Text<'a>,
}

/// Whom the platform knows by the number's id.
pub fn number(id: &str, response: Result<Response, TransportError>) -> Result<Step, Failure> {
    let response = success(Effect::Repeatable, response)?;
    // That it answered is enough: what it says beside is only shown.
    let number: Number<'_> = response.json().unwrap_or_default();
    let digits = number.display_phone_number.or_empty().chars().filter(char::is_ascii_digit).collect::<String>();
    let phone = (!digits.is_empty()).then(|| format!("+{digits}"));
    Ok(Outcome::Profile(Participant { name: number.verified_name.owned(), phone, ..Participant::new(id) }).into())
}

#[derive(Deserialize)]
struct Created<'a> {
    #[serde(default, borrow)]
    id: Text<'a>,
}

/// The identifier of what was uploaded.
pub fn created(response: Result<Response, TransportError>) -> Result<String, Failure> {
    let response = success(Effect::Repeatable, response)?;
    let created: Created<'_> = response.json().map_err(|error| Effect::Repeatable.unreadable(&error))?;
    created.id.owned().ok_or_else(|| Effect::Repeatable.unreadable("it has no id"))
}

#[derive(Deserialize)]
struct Sent<'a> {
    #[serde(borrow)]
    messages: Vec<SentMessage<'a>>,
}

#[derive(Deserialize)]
struct SentMessage<'a> {
    #[serde(default, borrow)]
    id: Text<'a>,
    #[serde(default, borrow)]
    message_status: Text<'a>,
}

/// The identifier of the message that was accepted. Held back or paused, it is accepted all the same: what becomes
/// of it comes as a status.
pub fn sent(response: Result<Response, TransportError>) -> Result<String, Failure> {
    let response = success(Effect::Sends, response)?;
    let sent: Sent<'_> = response.json().map_err(|error| Effect::Sends.unreadable(&error))?;
    let message = sent.messages.first().ok_or_else(|| Effect::Sends.unreadable("it names no message"))?;
    if let Some(status) = message.message_status.get().filter(|status| *status != "accepted") {
        host::log(Level::Info, &format!("a message was accepted as {status}"));
    }
    message.id.owned().ok_or_else(|| Effect::Sends.unreadable("the message has no id"))
}
