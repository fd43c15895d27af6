//! What became of a message that the business sent.

use super::Context;
use super::message::Direction;
use super::person::chat_of;
use crate::address::{Address, MessageId};
use crate::correlation::engines_own;
use crate::wire::{at, number, text};
use patchbay_plugin_sdk::{DeliveryState, DeliveryStatus, Event, Failure};
use serde_json::Value;

pub fn event(payload: &Value, context: &Context) -> Event {
    let Some(message) = text(payload, "id").map(MessageId::parse) else {
        return Event::ignored("an acknowledgement without a message's identifier");
    };
    let told = at(payload, &["fromMe"]).as_bool();
    if !told.or(message.around.as_ref().map(|around| around.own)).unwrap_or(true) {
        return Event::ignored("an acknowledgement of a contact's message");
    }
    let Some(state) = state(payload) else {
        return Event::ignored("an acknowledgement of an unknown kind");
    };
    // Of whose acknowledgement it is, `from` tells the chat, also for what the business sent.
    let chat = message.chat().cloned().or_else(|| chat_of(payload, Direction::Inbound));
    let failed = state == DeliveryState::Failed;
    Event::Status(DeliveryStatus {
        correlation: engines_own(message.id),
        thread: chat.map(Address::into_string),
        failure: failed.then(|| Failure::rejected("WhatsApp could not send the message").code("ERROR")),
        ..DeliveryStatus::new(message.id, state, context.at)
    })
}

/// By number, or by name where there is none.
pub fn state(payload: &Value) -> Option<DeliveryState> {
    const STATES: [(f64, &str, DeliveryState); 6] = [
        (-1.0, "ERROR", DeliveryState::Failed),
        (0.0, "PENDING", DeliveryState::Accepted),
        (1.0, "SERVER", DeliveryState::Sent),
        (2.0, "DEVICE", DeliveryState::Delivered),
        (3.0, "READ", DeliveryState::Read),
        (4.0, "PLAYED", DeliveryState::Read),
    ];
    let (ack, name) = (number(at(payload, &["ack"])), text(payload, "ackName"));
    let fits = |known: &(f64, &str, DeliveryState)| match ack {
        Some(ack) => (ack - known.0).abs() < 0.5,
        None => name == Some(known.1),
    };
    STATES.into_iter().find(fits).map(|(_, _, state)| state)
}
