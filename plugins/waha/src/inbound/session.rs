//! How the session does, as webhooks and answers tell it.

use super::Context;
use crate::address::Address;
use crate::wire::{text, text_at};
use patchbay_plugin_sdk::{Event, SessionChange, SessionState};
use serde_json::Value;

pub fn event(payload: &Value, context: &Context) -> Event {
    match change(payload, context.me.as_ref()) {
        Some(change) => Event::Session(change),
        None => Event::ignored("a session's status that is not known"),
    }
}

/// The change that a `status` tells, with `data` where the status has some.
pub fn change(told: &Value, me: Option<&Address>) -> Option<SessionChange> {
    let (state, reason) = match text(told, "status")? {
        "STOPPED" => (SessionState::Stopped, None),
        "STARTING" => (SessionState::Starting, None),
        "SCAN_QR_CODE" => (SessionState::AwaitingQr, None),
        "PASSKEY_REQUIRED" => {
            (SessionState::AwaitingCode, Some("WhatsApp asks for a passkey; answer it in WAHA".into()))
        }
        "PASSKEY_CONFIRMATION_REQUIRED" => {
            let code = text_at(told, &["data", "code"]);
            let reason =
                code.map(|code| format!("compare the code {code} with the one on the phone, and confirm it in WAHA"));
            (SessionState::AwaitingCode, Some(reason.unwrap_or_else(|| "confirm the passkey in WAHA".into())))
        }
        "WORKING" => (SessionState::Connected, None),
        "FAILED" => (SessionState::Failed, Some("WAHA says FAILED; restart the session, or log in again".into())),
        _ => return None,
    };
    let phone = me.filter(|_| state == SessionState::Connected).and_then(Address::phone);
    Some(SessionChange { phone, reason, ..SessionChange::new(state) })
}
