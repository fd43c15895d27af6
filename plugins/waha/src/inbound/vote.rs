//! A vote in a poll is the answer that the contact chose.

use super::Context;
use super::message::Direction;
use super::person::{chat_of, described, participant};
use crate::address::{Address, Kind, MessageId};
use crate::wire::{at, flag, items, text, text_at, time};
use patchbay_plugin_sdk::{Choice, Content, Detail, Event, Message, Participant};
use serde_json::Value;

pub fn event(payload: &Value, context: &Context) -> Event {
    let vote = at(payload, &["vote"]);
    if flag(vote, "fromMe") {
        return Event::ignored("a vote of the business itself");
    }
    let chosen: Vec<&str> = items(vote, "selectedOptions").iter().filter_map(Value::as_str).collect();
    if chosen.is_empty() {
        return Event::ignored("a vote that was taken back");
    }
    let id = text(vote, "id").map(|id| MessageId::parse(id).id);
    let chat = chat_of(vote, Direction::Inbound).filter(|chat| chat.kind() != Kind::Other);
    let (Some(id), Some(chat)) = (id, chat) else {
        return Event::ignored("a vote without its identifier or its chat");
    };
    let title = chosen.join(", ");
    let choice = Choice { id: title.clone(), title: title.clone(), description: None };
    let content = Content { detail: Some(Detail::Choice(choice)), ..Content::text(title) };
    Event::Message(Message {
        thread: chat.as_str().to_owned(),
        group: chat.is_group(),
        reply_to: text_at(payload, &["poll", "id"]).map(|id| MessageId::parse(id).id.to_owned()),
        ..Message::new(id, voter(vote, &chat), time(at(vote, &["timestamp"])).unwrap_or(context.at), content)
    })
}

fn voter(vote: &Value, chat: &Address) -> Participant {
    let person = participant(vote).filter(|_| chat.is_group());
    described(person.as_ref().unwrap_or(chat), vote, Direction::Inbound)
}
