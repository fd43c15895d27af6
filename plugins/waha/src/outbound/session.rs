//! The session: asking how it does, starting and stopping it. All of it may be done twice.

use super::answer::{self, Effect};
use super::api::Api;
use crate::address::Address;
use crate::inbound::session;
use crate::wire::{text, text_at};
use patchbay_plugin_sdk::{Failure, Outcome, Response, Step, TransportError};
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
pub fn started(api: &Api, state: &[u8], response: Result<Response, TransportError>) -> Result<Step, Failure> {
    if state != CREATE && response.as_ref().is_ok_and(|response| response.status == 404) {
        let body = json!({"name": api.session(), "start": true});
        return Ok(api.request("POST", "/api/sessions").json(&body).idempotent().state(CREATE).into());
    }
    told(response)
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
