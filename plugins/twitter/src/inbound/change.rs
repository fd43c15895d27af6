//! That somebody types, has read, or took the app's access away.

use super::Context;
use crate::snowflake;
use crate::wire::{id, time};
use patchbay_plugin_sdk::{DeliveryState, DeliveryStatus, Event, SessionChange, SessionState, Typing};
use serde_json::Value;

pub fn typing(event: &Value, context: &Context<'_>) -> Event {
    match id(event, &["sender_id"]) {
        Some(sender) if sender != context.account => Event::Typing(Typing { thread: sender, on: true }),
        Some(_) => Event::ignored("the account itself is typing"),
        None => Event::ignored("somebody is typing, but not who"),
    }
}

/// Everything up to one message. What came before it is told by the time in its identifier.
pub fn read(event: &Value, context: &Context<'_>) -> Event {
    let (Some(reader), Some(last)) = (id(event, &["sender_id"]), id(event, &["last_read_event_id"])) else {
        return Event::ignored("somebody has read something, but not who or what");
    };
    if reader == context.account {
        return Event::ignored("the account itself has read a message");
    }
    let at = time(event, &["created_timestamp"]).unwrap_or(context.at);
    let up_to = snowflake::time(&last);
    Event::Status(DeliveryStatus { thread: Some(reader), up_to, ..DeliveryStatus::new(last, DeliveryState::Read, at) })
}

pub fn revoked() -> Event {
    let reason = "the account took the app's access away on X; connect it anew".to_owned();
    Event::Session(SessionChange { reason: Some(reason), ..SessionChange::new(SessionState::Failed) })
}
