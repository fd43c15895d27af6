//! A message that somebody wrote. Whose it is tells who sent it: what the account wrote, by whatever tool, is an echo.

use super::Context;
use super::content;
use crate::wire::{at, id, text, time};
use patchbay_plugin_sdk::{Event, Message};
use serde_json::{Map, Value};

pub fn event(event: &Value, context: &Context<'_>) -> Event {
    if text(event, &["type"]).is_some_and(|kind| kind != "message_create") {
        return Event::ignored("an event in a conversation that is no message");
    }
    let Some(id) = id(event, &["id"]) else { return Event::ignored("a message without an identifier") };
    let created = at(event, &["message_create"]);
    let Some(sender) = self::id(created, &["sender_id"]) else { return Event::ignored("a message without a sender") };
    let echo = sender == context.account;
    let contact = if echo { self::id(created, &["target", "recipient_id"]) } else { Some(sender) };
    let Some(contact) = contact else { return Event::ignored("a message without a recipient") };
    let sent_at = time(event, &["created_timestamp"]).unwrap_or(context.at);
    Event::Message(Message {
        echo,
        metadata: metadata(event),
        ..Message::new(id, context.people.participant(&contact), sent_at, content::read(created))
    })
}

/// What led to the message.
fn metadata(event: &Value) -> String {
    let told = [("initiated_via", at(event, &["initiated_via"]))];
    let told = told.into_iter().filter(|(_, value)| value.as_object().is_some_and(|fields| !fields.is_empty()));
    let metadata: Map<String, Value> = told.map(|(name, value)| (name.to_owned(), value.clone())).collect();
    Value::Object(metadata).to_string()
}
