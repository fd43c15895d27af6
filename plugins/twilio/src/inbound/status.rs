//! What became of a message that the business sent. Statuses come in any order: which one counts is the engine's to
//! know. The only time among them is the carrier's, in no stated zone, so each is as late as its webhook.

use super::{message_sid, person};
use crate::errors;
use crate::wire::{CORRELATION, Fields};
use patchbay_plugin_sdk::{DeliveryState, DeliveryStatus, Event, Failure, FailureKind, Webhook};

/// The status, and after one that says so, that its recipient wants no messages.
pub fn events(fields: &Fields, webhook: &Webhook) -> Vec<Event> {
    let event = event(fields, webhook);
    let is_blocked = |failure: &Failure| failure.kind == FailureKind::Blocked;
    let opted_out = match &event {
        Event::Status(status) if status.failure.as_ref().is_some_and(is_blocked) => person::recipient(fields),
        _ => None,
    };
    [event].into_iter().chain(opted_out.map(Event::OptOut)).collect()
}

pub fn event(fields: &Fields, webhook: &Webhook) -> Event {
    let Some(id) = message_sid(fields) else { return Event::ignored("a status without a message's identifier") };
    let word = fields.get("MessageStatus").or(fields.get("SmsStatus")).unwrap_or_default();
    let state = match word {
        _ if fields.get("EventType") == Some("READ") => DeliveryState::Read,
        "queued" | "accepted" | "scheduled" | "sending" => DeliveryState::Accepted,
        // Delivered to some of the carriers' parts: more than sent, and not yet delivered.
        "sent" | "partially_delivered" => DeliveryState::Sent,
        "delivered" => DeliveryState::Delivered,
        "read" => DeliveryState::Read,
        "undelivered" | "failed" | "canceled" => DeliveryState::Failed,
        other => return Event::ignored(format!("a message's status {other}")),
    };
    Event::Status(DeliveryStatus {
        correlation: webhook.query(CORRELATION).filter(|id| !id.is_empty()),
        thread: fields.get("To").and_then(person::identifier).map(str::to_owned),
        failure: (state == DeliveryState::Failed).then(|| failure(fields, word)),
        ..DeliveryStatus::new(id, state, webhook.received_at)
    })
}

fn failure(fields: &Fields, word: &str) -> Failure {
    let told = ["ChannelStatusMessage", "ErrorMessage"].into_iter().find_map(|name| fields.owned(name));
    let code = fields.get("ErrorCode").filter(|code| *code != "0");
    let message = told.unwrap_or_else(|| match code {
        Some(code) => format!("the message is {word}: see https://www.twilio.com/docs/errors/{code}"),
        None => format!("the message is {word}"),
    });
    errors::of_accepted(code, &message)
}
