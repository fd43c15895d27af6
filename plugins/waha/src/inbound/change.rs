//! What somebody does to an earlier message, and that somebody is typing.

use super::Context;
use super::message::Direction;
use super::person::{addressed, chat_of, participant};
use crate::address::{Address, MessageId};
use crate::wire::{at, items, text, text_at, time};
use patchbay_plugin_sdk::{Content, Event, MessageEdit, MessageRef, Reaction, Typing};
use serde_json::Value;

pub fn reaction(payload: &Value, context: &Context) -> Event {
    let Some(message) = text_at(payload, &["reaction", "messageId"]).map(MessageId::parse) else {
        return Event::ignored("a reaction without the message that it is to");
    };
    let direction = Direction::told(payload);
    let Some(chat) = message.chat().cloned().or_else(|| chat_of(payload, direction)) else {
        return Event::ignored("a reaction without the chat that it is in");
    };
    let sender = match direction {
        Direction::Echo => match context.me.clone().or_else(|| own(payload, &chat)) {
            // It must not take the place of the contact's.
            None => return Event::ignored("a reaction of the business, which is not named"),
            own => own,
        },
        Direction::Inbound => participant(payload).or_else(|| text(payload, "from").and_then(Address::parse)),
    };
    Event::Reaction(Reaction {
        message: MessageRef::new(chat.as_str(), message.id),
        sender: addressed(sender.as_ref().unwrap_or(&chat)),
        // Taken back: an empty text.
        emoji: text_at(payload, &["reaction", "text"]).map(str::to_owned),
        at: time(at(payload, &["timestamp"])).unwrap_or(context.at),
    })
}

/// The business in what it did itself: whoever is named and is not the other side of the chat.
fn own(payload: &Value, chat: &Address) -> Option<Address> {
    let mut named = ["participant", "from"].into_iter().filter_map(|name| text(payload, name).and_then(Address::parse));
    named.find(|person| person.is_person() && person != chat)
}

pub fn edit(payload: &Value, context: &Context) -> Event {
    let chat = chat_of(payload, Direction::told(payload));
    let (Some(id), Some(chat)) = (text(payload, "editedMessageId"), chat) else {
        return Event::ignored("an edit without the message or the chat that it is of");
    };
    Event::MessageEdited(MessageEdit {
        message: MessageRef::new(chat.as_str(), MessageId::parse(id).id),
        content: Content::text(text(payload, "body").unwrap_or_default()),
        at: time(at(payload, &["timestamp"])).unwrap_or(context.at),
    })
}

/// The message that was taken back; `before` is it, where WAHA still had it, and `after` is what stands in its place.
pub fn revoked(payload: &Value) -> Event {
    let parts = ["before", "after"].map(|name| at(payload, &[name]));
    let before = || text_at(payload, &["before", "id"]);
    let Some(id) = text(payload, "revokedMessageId").or_else(before).map(MessageId::parse) else {
        return Event::ignored("a message was taken back, but not which one");
    };
    let chat = id.chat().cloned().or_else(|| {
        parts.into_iter().find_map(|part| {
            let by_id = || MessageId::parse(text(part, "id")?).chat().cloned();
            by_id().or_else(|| chat_of(part, Direction::told(part)))
        })
    });
    match chat {
        Some(chat) => Event::MessageDeleted(MessageRef::new(chat.as_str(), id.id)),
        None => Event::ignored("a message was taken back, but not in which chat"),
    }
}

/// Somebody in the chat begins or stops to write; that somebody is there at all means nothing.
pub fn typing(payload: &Value) -> Vec<Event> {
    let chat = text(payload, "id").and_then(Address::parse);
    let state = |presence: &Value| match text(presence, "lastKnownPresence") {
        Some("typing" | "recording") => Some(true),
        Some("paused") => Some(false),
        _ => None,
    };
    let states = items(payload, "presences").iter().filter_map(state).reduce(|one, another| one || another);
    vec![match (chat, states) {
        (Some(chat), Some(on)) => Event::Typing(Typing { thread: chat.into_string(), on }),
        _ => Event::ignored("a contact's presence"),
    }]
}
