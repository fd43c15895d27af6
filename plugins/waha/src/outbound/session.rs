//! The session: asking how it does, starting and stopping it. All of it may be done twice.

use super::answer::{self, Effect};
use super::api::Api;
use super::registration;
use crate::address::Address;
use crate::inbound::session;
use crate::settings::HMAC_KEY;
use crate::wire::{text, text_at};
use patchbay_plugin_sdk::{
    Channel, Failure, Outcome, Request, Response, SessionChange, SessionState, Step, TransportError, host,
};
use serde_json::{Value, json};

/// In the request's state, that the session is being made.
const CREATE: &[u8] = b"create";

pub fn ask(api: &Api) -> Step {
    api.get(&api.session_itself("")).into()
}

pub fn change(api: &Api, action: &str) -> Step {
    api.request("POST", &api.session_itself(action)).idempotent().into()
}

/// A session that WAHA does not know is made, and started with that.
pub fn started(
    api: &Api,
    channel: &Channel,
    state: &[u8],
    response: Result<Response, TransportError>,
) -> Result<Step, Failure> {
    if state != CREATE && response.as_ref().is_ok_and(|response| response.status == 404) {
        return Ok(create(api, channel)?.state(CREATE).into());
    }
    told(response)
}

/// A session that was never started, or was deleted in WAHA, is down: whoever wants it up starts it.
pub fn asked(response: Result<Response, TransportError>) -> Result<Step, Failure> {
    let is_missing = |response: &Response| {
        let answer: Value = response.json().unwrap_or_default();
        // A server that is no WAHA has no such address at all.
        let names_it = text(&answer, "message").is_some_and(|message| !message.starts_with("Cannot "));
        response.status == 404 && names_it
    };
    if response.as_ref().is_ok_and(is_missing) {
        let reason = Some("WAHA has no session of this name yet".to_owned());
        return Ok(Outcome::Session(SessionChange { reason, ..SessionChange::new(SessionState::Stopped) }).into());
    }
    told(response)
}

/// Makes the session. It calls the channel's webhook if the channel has the key that signs its calls.
fn create(api: &Api, channel: &Channel) -> Result<Request, Failure> {
    let body = if host::configured(HMAC_KEY) {
        let config = json!({"webhooks": [registration::webhook(channel)]});
        json!({"name": api.session(), "start": true, "config": config})
    } else {
        json!({"name": api.session(), "start": true})
    };
    Ok(registration::with_key(api.request("POST", "/api/sessions"), &body)?.idempotent())
}

pub fn told(response: Result<Response, TransportError>) -> Result<Step, Failure> {
    let answer = answer::json(Effect::Changes, response)?;
    let me = text_at(&answer, &["me", "id"]).and_then(Address::parse);
    let change = session::change(&answer, me.as_ref());
    Ok(Outcome::Session(change.ok_or_else(|| unknown(&answer))?).into())
}

fn unknown(answer: &Value) -> Failure {
    Failure::temporary(format!("WAHA tells no status of the session that is known: {:?}", text(answer, "status")))
}

/// The key is right, the session is there, and it can send.
pub fn tested(response: Result<Response, TransportError>) -> Result<Step, Failure> {
    let answer = answer::json(Effect::Changes, response)?;
    match text(&answer, "status") {
        Some("WORKING") => Ok(Outcome::Ok.into()),
        Some(status @ "STARTING") => Err(Failure::temporary("the session is starting").code(status)),
        Some(status) => {
            let sentence = format!("the session is {status}: start it, and scan its QR code if it asks for that");
            Err(Failure::unauthorized(sentence).code(status))
        }
        None => Err(unknown(&answer)),
    }
}
