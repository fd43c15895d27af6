//! A message of X's encrypted system. Nobody but the people in the conversation can read it: it is shown as a
//! placeholder, and the channel's people are told once that this happens.

use super::Context;
use crate::wire::{id, text, time};
use patchbay_plugin_sdk::{Content, Detail, Event, Message};
use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Inbound,
    Echo,
}

const PLACEHOLDER: &str = "Encrypted message, open X to read it";
const ALERT_TITLE: &str = "Customers write encrypted messages on X";
const ALERT: &str =
    "They are shown as placeholders here: only X itself can show them, and they have to be answered there.";

pub fn event(payload: &Value, direction: Direction, context: &Context<'_>) -> Event {
    let Some(id) = id(payload, &["id"]) else { return Event::ignored("an encrypted message without an identifier") };
    let sender = self::id(payload, &["sender_id"]);
    let conversation = text(payload, &["conversation_id"]);
    let group = conversation.filter(|conversation| conversation.starts_with('g'));
    let echo = direction == Direction::Echo || sender.as_deref() == Some(context.account);
    let other = || conversation.and_then(|conversation| other(conversation, context.account));
    let contact = match group {
        Some(group) if echo => Some(group.to_owned()),
        _ if echo => other(),
        _ => sender.or_else(other),
    };
    let Some(contact) = contact else { return Event::ignored("an encrypted message without a sender") };
    let sent_at = time(payload, &["created_at_msec"]).unwrap_or(context.at);
    // What is encrypted is of no use to anybody here.
    let detail = Detail::Unsupported(json!({"type": "encrypted", "conversation_id": conversation}).to_string());
    let content = Content { detail: Some(detail), ..Content::text(PLACEHOLDER) };
    let mut message = Message::new(id, context.people.participant(&contact), sent_at, content);
    message.echo = echo;
    if let Some(group) = group {
        message.group = true;
        group.clone_into(&mut message.thread);
    }
    if !echo {
        let alert = json!({"kind": "encrypted", "title": ALERT_TITLE, "message": ALERT});
        message.metadata = json!({"channelAlert": alert}).to_string();
    }
    Event::Message(message)
}

/// The other one of a conversation of two: `a:b` in webhooks, `a-b` elsewhere.
fn other(conversation: &str, account: &str) -> Option<String> {
    let (one, two) = conversation.split_once([':', '-'])?;
    let other = if one == account { two } else { one };
    (!other.is_empty()).then(|| other.to_owned())
}
