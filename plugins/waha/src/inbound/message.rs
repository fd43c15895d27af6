//! A message that somebody sent.

use super::person::{addressed, chat_of, described, participant};
use super::{Context, content};
use crate::address::{Kind, MessageId};
use crate::correlation::engines_own;
use crate::wire::{at, flag, text, text_at, time};
use patchbay_plugin_sdk::{Event, Message};
use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Inbound,
    /// The business, from its phone or by the API.
    Echo,
}

impl Direction {
    pub fn told(payload: &Value) -> Self {
        if flag(payload, "fromMe") { Self::Echo } else { Self::Inbound }
    }
}

pub fn event(payload: &Value, direction: Direction, context: &Context) -> Event {
    let Some(id) = text(payload, "id").map(|id| MessageId::parse(id).id) else {
        return Event::ignored("a message without an identifier");
    };
    let Some(chat) = chat_of(payload, direction) else {
        return Event::ignored("a message without the chat that it is of");
    };
    let sender = match (chat.kind(), direction) {
        (Kind::Other, _) => return Event::ignored("a message of a channel, a story or a broadcast list"),
        (Kind::Group, Direction::Inbound) => match participant(payload) {
            Some(person) => described(&person, payload, direction),
            None => addressed(&chat),
        },
        _ => described(&chat, payload, direction),
    };
    let (content, mut metadata) = content::read(payload);
    if let (Direction::Echo, Some(source)) = (direction, text(payload, "source")) {
        metadata.insert("source".to_owned(), json!(source));
    }
    Event::Message(Message {
        id: id.to_owned(),
        group: chat.is_group(),
        thread: chat.into_string(),
        sender,
        echo: direction == Direction::Echo,
        correlation: engines_own(id).filter(|_| direction == Direction::Echo),
        sent_at: time(at(payload, &["timestamp"])).unwrap_or(context.at),
        content,
        reply_to: text_at(payload, &["replyTo", "id"]).map(|id| MessageId::parse(id).id.to_owned()),
        metadata: Value::Object(metadata).to_string(),
    })
}
