//! One message, of a contact or of the business itself writing from elsewhere: as a new message, or as what it does
//! to an earlier one.

use super::person::{People, identified};
use super::{content, system};
use crate::wire::{Context, Edit, Message, Reaction, Revoke};
use patchbay_plugin_meta::json::{object, read};
use patchbay_plugin_sdk::{Event, MessageEdit, MessageRef, Participant, Timestamp, types};
use serde_json::value::RawValue;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Inbound,
    /// The business, from its own app.
    Echo,
}

pub fn event(raw: &RawValue, people: &People<'_>, direction: Direction, received_at: Timestamp) -> Event {
    let Some(message) = read::<Message<'_>>(Some(raw)) else {
        return Event::ignored("a message that is not an object");
    };
    let kind = message.kind.or_empty();
    match kind {
        "system" => return system::event(&message),
        "request_welcome" => return Event::ignored("a contact opened the chat for the first time"),
        _ => {}
    }
    let contact = match direction {
        Direction::Inbound => people.sender(&message),
        Direction::Echo => people.recipient(&message),
    };
    let thread = message.group_id.get().or(contact.as_ref().map(|contact| contact.id.as_str())).map(str::to_owned);
    let (Some(id), Some(thread), Some(contact)) = (message.id.owned(), thread, contact.or_else(|| group(&message)))
    else {
        return Event::ignored(format!("a message of type {kind} without its own or its contact's identifier"));
    };
    let place = Place {
        id,
        thread,
        contact,
        direction,
        at: message.timestamp.seconds_as_milliseconds().unwrap_or(received_at),
    };
    let to_earlier = match kind {
        "reaction" => reaction(&message, &place),
        "edit" => edit(&message, &place),
        "revoke" => revoke(&message, &place),
        _ => None,
    };
    to_earlier.unwrap_or_else(|| new(raw, &message, place))
}

/// What the business writes to a group from elsewhere has no single recipient.
fn group(message: &Message<'_>) -> Option<Participant> {
    identified([message.group_id.get()])
}

/// Where a message belongs.
struct Place {
    id: String,
    thread: String,
    contact: Participant,
    direction: Direction,
    at: Timestamp,
}

fn reaction(message: &Message<'_>, place: &Place) -> Option<Event> {
    let reaction: Reaction<'_> = read(message.reaction)?;
    let sender = match place.direction {
        Direction::Inbound => place.contact.clone(),
        Direction::Echo => identified([message.from.get()])?,
    };
    Some(Event::Reaction(types::Reaction {
        message: MessageRef::new(&place.thread, reaction.message_id.get()?),
        sender,
        // Taken back: an empty emoji, or none.
        emoji: reaction.emoji.owned(),
        at: place.at,
    }))
}

fn edit(message: &Message<'_>, place: &Place) -> Option<Event> {
    let edit: Edit<'_> = read(message.edit)?;
    let original = MessageRef::new(&place.thread, edit.original_message_id.get()?);
    let content = content::edited(edit.message?)?;
    Some(Event::MessageEdited(MessageEdit { message: original, content, at: place.at }))
}

fn revoke(message: &Message<'_>, place: &Place) -> Option<Event> {
    let revoke: Revoke<'_> = read(message.revoke)?;
    Some(Event::MessageDeleted(MessageRef::new(&place.thread, revoke.original_message_id.get()?)))
}

fn new(raw: &RawValue, message: &Message<'_>, place: Place) -> Event {
    let (said, fact) = content::read(raw, message);
    let context: Context<'_> = read(message.context).unwrap_or_default();
    let metadata = object(&[
        ("referral", message.referral),
        ("forwarded", context.forwarded),
        ("frequently_forwarded", context.frequently_forwarded),
        ("referred_product", context.referred_product),
        fact,
    ]);
    Event::Message(types::Message {
        id: place.id,
        group: message.group_id.get().is_some(),
        thread: place.thread,
        sender: place.contact,
        echo: place.direction == Direction::Echo,
        correlation: None,
        sent_at: place.at,
        content: said,
        reply_to: context.id.owned(),
        metadata,
    })
}
