//! From a webhook to events. A webhook holds entries of several accounts; each channel takes its own.
//!
//! One part of an unknown shape never spoils its neighbours: it becomes an ignored event, or a message that says so.
//! To take another kind of event, give it a field in `wire::Item` and a line in `Reader::item`.

mod content;
mod receipt;

use super::Product;
use super::wire::{
    Change, Edit, Entry, Envelope, Identified, Item, Message, OptIn, Postback, Reaction, Referral, ReplyTo,
};
use crate::json::{Body, Raw, Text, body, is_time, items, object, read, text};
use patchbay_plugin_sdk::{
    Choice, Content, Detail, Event, MessageEdit, MessageRef, Participant, Timestamp, Webhook, types,
};
use serde_json::value::RawValue;

/// Under which the dashboard sends its trial webhooks.
const TRIAL: &str = "0";
/// Milliseconds since the epoch have more digits than this, seconds fewer.
const LEAST_MILLISECONDS: u64 = 100_000_000_000;
const TRUE: &str = "true";
/// Of a fact that is only told in a reason.
const LONGEST_FACT: usize = 40;

/// The accounts that a webhook speaks of.
pub fn addresses(product: &Product, webhook: &Webhook) -> Vec<String> {
    let Ok(text) = text(&webhook.body) else { return Vec::new() };
    let Some(envelope) = envelope(product, &text).ok().flatten() else { return Vec::new() };
    let mut found = Vec::new();
    for entry in items(envelope.entry).into_iter().filter_map(|raw| read::<Entry<'_>>(Some(raw))) {
        if let Some(id) = entry.id.owned().filter(|id| !found.contains(id)) {
            found.push(id);
        }
    }
    found
}

/// What happened to the account `own`.
pub fn parse(product: &Product, own: &str, webhook: &Webhook) -> Result<Vec<Event>, String> {
    let text = text(&webhook.body)?;
    let Some(envelope) = envelope(product, &text)? else {
        return Ok(vec![Event::ignored(format!("not a webhook of {}", product.name))]);
    };
    let mut events = Vec::new();
    for raw in items(envelope.entry) {
        let Some(entry) = read::<Entry<'_>>(Some(raw)) else {
            events.push(Event::ignored("an entry that is not an object"));
            continue;
        };
        if !entry.id.is(own) && !entry.id.is(TRIAL) {
            continue;
        }
        let reader = Reader { own, received_at: webhook.received_at };
        for raw in items(entry.messaging) {
            reader.item(raw, None, &mut events);
        }
        for raw in items(entry.standby) {
            reader.item(raw, serde_json::from_str(TRUE).ok(), &mut events);
        }
        for raw in items(entry.changes) {
            let change: Change<'_> = read(Some(raw)).unwrap_or_default();
            match change.value.filter(|_| change.field.is("messages")) {
                Some(value) => reader.item(value, None, &mut events),
                None => events.push(Event::ignored(format!("a change of {}", change.field.or_empty()))),
            }
        }
    }
    Ok(events)
}

fn envelope<'a>(product: &Product, text: &'a str) -> Result<Option<Envelope<'a>>, String> {
    match body::<Envelope<'_>>(text)? {
        Body::Known(envelope) if envelope.object.get().is_none_or(|object| object == product.object) => {
            Ok(Some(envelope))
        }
        _ => Ok(None),
    }
}

struct Reader<'a> {
    own: &'a str,
    received_at: Timestamp,
}

/// Where something happened.
struct Place<'a> {
    contact: &'a str,
    /// By the account itself.
    own: bool,
    at: Timestamp,
    /// `true`, where another app holds the conversation.
    standby: Raw<'a>,
}

impl Reader<'_> {
    fn item(&self, raw: &RawValue, standby: Raw<'_>, events: &mut Vec<Event>) {
        let item: Item<'_> = read(Some(raw)).unwrap_or_default();
        let message: Option<Message<'_>> = read(item.message);
        let sender: Identified<'_> = read(item.sender).unwrap_or_default();
        let recipient: Identified<'_> = read(item.recipient).unwrap_or_default();
        let echo = message.as_ref().is_some_and(|message| message.is_echo.is(TRUE));
        let own = echo || sender.id.is(self.own);
        let contact = if own { recipient.id.get() } else { sender.id.get() };
        let Some(contact) = contact else {
            events.push(Event::ignored("an event without its contact's identifier"));
            return;
        };
        let receipts = [item.delivery, item.read].into_iter().flatten();
        let told = milliseconds(&item.timestamp).or_else(|| receipts.filter_map(receipt::watermark).max());
        let at = told.unwrap_or(self.received_at);
        let place = Place { contact, own, at, standby };
        let before = events.len();
        if let (Some(raw), Some(message)) = (item.message, &message) {
            events.push(place.message(raw, message));
        }
        events.extend(read(item.message_edit).and_then(|edit| place.edit(&edit)));
        events.extend(read(item.reaction).and_then(|reaction| place.reaction(self.own, &reaction)));
        events.extend(read(item.postback).map(|postback| place.postback(&postback)));
        events.extend(receipt::delivered(&place, item.delivery));
        events.extend(receipt::seen(&place, item.read));
        events.extend(read(item.optin).map(|optin| place.opted(&optin)));
        events.extend(read(item.referral).map(|referral| referred(&referral)));
        events.extend(item.account_linking.map(|_| Event::ignored("an account was linked or unlinked")));
        if events.len() == before {
            events.push(Event::ignored("an event of a kind that is not known"));
        }
    }
}

impl Place<'_> {
    fn message(&self, raw: &RawValue, message: &Message<'_>) -> Event {
        let Some(id) = message.mid.get() else { return Event::ignored("a message without its identifier") };
        if message.is_deleted.is(TRUE) {
            return Event::MessageDeleted(MessageRef::new(self.contact, id));
        }
        let reply: ReplyTo<'_> = read(message.reply_to).unwrap_or_default();
        let content::Said { content, left } = content::read_message(raw, message);
        let metadata = object(&[
            ("referral", message.referral),
            ("story", reply.story),
            ("app_id", message.app_id),
            ("attachments", left),
            ("standby", self.standby),
        ]);
        Event::Message(types::Message {
            echo: self.own,
            correlation: message.metadata.owned().filter(|_| self.own),
            reply_to: reply.mid.owned(),
            metadata,
            ..types::Message::new(id, Participant::new(self.contact), self.at, content)
        })
    }

    /// Instagram announces new messages with one that has no text, beside the message itself.
    fn edit(&self, edit: &Edit<'_>) -> Option<Event> {
        let message = MessageRef::new(self.contact, edit.mid.get()?);
        Some(match edit.text.owned() {
            Some(text) => Event::MessageEdited(MessageEdit { message, content: Content::text(text), at: self.at }),
            None => Event::ignored("an edit without the new text"),
        })
    }

    fn reaction(&self, own: &str, reaction: &Reaction<'_>) -> Option<Event> {
        let emoji = match reaction.action.or_empty() {
            "unreact" => None,
            "react" => Some(reaction.emoji.get().unwrap_or_else(|| emoji(reaction.name.or_empty())).to_owned()),
            other => return Some(Event::ignored(format!("a reaction that is {other}"))),
        };
        let sender = Participant::new(if self.own { own } else { self.contact });
        let message = MessageRef::new(self.contact, reaction.mid.get()?);
        Some(Event::Reaction(types::Reaction { message, sender, emoji, at: self.at }))
    }

    /// A tap on a button that was offered. Where another app holds the conversation, only its title is told.
    fn postback(&self, postback: &Postback<'_>) -> Event {
        let title = postback.title.get().or(postback.payload.get()).unwrap_or_default();
        let chosen = Choice {
            id: postback.payload.get().unwrap_or(title).to_owned(),
            title: title.to_owned(),
            description: None,
        };
        let content = Content { detail: Some(Detail::Choice(chosen)), ..Content::text(title) };
        let id = postback.mid.owned().unwrap_or_else(|| format!("postback.{}.{}", self.contact, self.at));
        let metadata = object(&[("referral", postback.referral), ("standby", self.standby)]);
        Event::Message(types::Message {
            metadata,
            ..types::Message::new(id, Participant::new(self.contact), self.at, content)
        })
    }

    /// Consent to messages of one kind alone is not the contact's consent to be answered.
    fn opted(&self, optin: &OptIn<'_>) -> Event {
        match (optin.notification_messages_status.get(), optin.kind.get()) {
            (Some(status), _) => Event::ignored(format!("marketing messages: {status}")),
            (None, Some(kind)) => Event::ignored(format!("consent to {}", beginning(kind))),
            (None, None) => Event::OptIn(Participant::new(self.contact)),
        }
    }
}

/// A contact followed a link into a conversation that there is already, and has said nothing in it yet.
fn referred(referral: &Referral<'_>) -> Event {
    let facts = [("ref", &referral.reference), ("source", &referral.source), ("type", &referral.kind)];
    let told = facts.into_iter().filter_map(|(name, text)| Some(format!("{name} {}", beginning(text.get()?))));
    Event::ignored(std::iter::once("a referral".to_owned()).chain(told).collect::<Vec<_>>().join(", "))
}

/// As much of a text as a reason needs.
fn beginning(text: &str) -> String {
    text.chars().take(LONGEST_FACT).collect()
}

/// Documented in milliseconds, seen in seconds.
fn milliseconds(text: &Text<'_>) -> Option<Timestamp> {
    let number = text.number::<u64>()?;
    let milliseconds = if number < LEAST_MILLISECONDS { number.checked_mul(1000)? } else { number };
    is_time(milliseconds).then_some(milliseconds)
}

/// For the webhooks that only name it.
fn emoji(name: &str) -> &str {
    match name {
        "smile" => "😆",
        "angry" => "😠",
        "sad" => "😢",
        "wow" => "😮",
        "love" => "❤️",
        "like" => "👍",
        "dislike" => "👎",
        _ => "❔",
    }
}
