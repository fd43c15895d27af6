//! Linking a phone: the QR code as a picture, or a code to type.

use super::answer::{self, Effect, session_status};
use super::api::Api;
use crate::wire::text;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use patchbay_plugin_sdk::{Failure, Outcome, Response, Step, TransportError};
use serde_json::{Value, json};

const PNG: &[u8] = b"\x89PNG";

pub fn qr(api: &Api) -> Step {
    api.get(&api.of_session(["auth", "qr"])).header("accept", "image/png").into()
}

/// The picture itself, or JSON with it in base64.
pub fn shown(response: Result<Response, TransportError>) -> Result<Step, Failure> {
    let response = linkable(response)?;
    let picture = if response.body.starts_with(PNG) {
        response.body
    } else {
        let answer: Value = response.json().unwrap_or_default();
        text(&answer, "data").and_then(|data| STANDARD.decode(data).ok()).unwrap_or_default()
    };
    if picture.starts_with(PNG) {
        Ok(Outcome::Qr(picture).into())
    } else {
        Err(Failure::temporary("WAHA answered with something else than a QR code as PNG"))
    }
}

pub fn pairing(api: &Api, phone: &str) -> Result<Step, Failure> {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() {
        return Err(Failure::rejected("a pairing code needs the phone's number, with its country code"));
    }
    let request = api.request("POST", &api.of_session(["auth", "request-code"]));
    Ok(request.json(&json!({"phoneNumber": digits})).idempotent().into())
}

pub fn paired(response: Result<Response, TransportError>) -> Result<Step, Failure> {
    let response = linkable(response)?;
    let answer: Value = response.json().map_err(|error| Effect::Reads.unreadable(&error))?;
    let code = text(&answer, "code").ok_or_else(|| Effect::Reads.unreadable("it has no code"))?;
    Ok(Outcome::PairingCode(code.to_owned()).into())
}

/// A session that waits for no phone has no code to show. That breaks nothing: while it starts, the code is still to
/// come.
fn linkable(response: Result<Response, TransportError>) -> Result<Response, Failure> {
    if let Ok(refused) = &response
        && refused.status == 422
        && let Some(status) = session_status(&refused.json().unwrap_or_default()).filter(|status| *status != "STARTING")
    {
        let sentence =
            format!("the session is {status}; there is a code only while it waits for a phone (SCAN_QR_CODE)");
        return Err(Failure::rejected(sentence).code(422));
    }
    answer::success(Effect::Reads, response)
}
