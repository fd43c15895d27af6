//! From a webhook to events. A webhook holds changes of several numbers and accounts; each channel takes its own.
//!
//! One part of an unknown shape never spoils its neighbours: it becomes an ignored event, or a message that says so.
//! To take another field, give it an arm in [`change`]; another type of message, an arm in `content::read`.

mod account;
mod card;
mod content;
mod message;
mod order;
mod person;
mod status;
mod system;

use crate::settings::Settings;
use crate::wire::{Change, Entry, Envelope, Metadata, OBJECT, Value};
use message::Direction;
use patchbay_plugin_meta::GraphError;
use patchbay_plugin_meta::json::{Body, Text, body, items, read, text};
use patchbay_plugin_sdk::{Channel, Event, Timestamp, Webhook};
use person::People;

/// The numbers that a webhook speaks of, and the accounts of what concerns no single number.
pub fn addresses(webhook: &Webhook) -> Vec<String> {
    let Ok(text) = text(&webhook.body) else { return Vec::new() };
    let Ok(Body::Known(envelope)) = body::<Envelope<'_>>(&text) else { return Vec::new() };
    let mut found = Vec::new();
    for Entry { id, changes } in items(envelope.entry).into_iter().filter_map(|raw| read(Some(raw))) {
        for change in items(changes).into_iter().filter_map(|raw| read::<Change<'_>>(Some(raw))) {
            let number = read(change.value).and_then(|value| number_of(&value));
            if let Some(address) = number.or_else(|| id.owned()).filter(|address| !found.contains(address)) {
                found.push(address);
            }
        }
    }
    found
}

fn number_of(value: &Value<'_>) -> Option<String> {
    read::<Metadata<'_>>(value.metadata)?.phone_number_id.owned()
}

/// What happened on this channel.
pub fn parse(channel: &Channel, webhook: &Webhook) -> Result<Vec<Event>, String> {
    let settings = channel.settings::<Settings>()?;
    let text = text(&webhook.body)?;
    let envelope = match body::<Envelope<'_>>(&text)? {
        Body::Known(envelope) if is_ours(&envelope) => envelope,
        _ => return Ok(vec![Event::ignored("not a webhook of a WhatsApp Business Account")]),
    };
    let mut events = Vec::new();
    for raw in items(envelope.entry) {
        let Some(Entry { id, changes }) = read(Some(raw)) else {
            events.push(Event::ignored("an entry of an unknown shape"));
            continue;
        };
        for raw in items(changes) {
            let Some(change) = read::<Change<'_>>(Some(raw)) else {
                events.push(Event::ignored("a change of an unknown shape"));
                continue;
            };
            let value: Value<'_> = read(change.value).unwrap_or_default();
            if concerns(&settings, &id, &value) {
                self::change(&change, &value, webhook.received_at, &mut events);
            }
        }
    }
    Ok(events)
}

fn is_ours(envelope: &Envelope<'_>) -> bool {
    let is_list = envelope.entry.is_none_or(|entry| entry.get().starts_with('['));
    is_list && envelope.object.get().is_none_or(|object| object == OBJECT)
}

fn concerns(settings: &Settings, account: &Text<'_>, value: &Value<'_>) -> bool {
    match number_of(value) {
        Some(number) => number == settings.phone_number_id,
        None => account.get().is_some() && account.get() == settings.business_account_id.as_deref(),
    }
}

fn change(change: &Change<'_>, value: &Value<'_>, received_at: Timestamp, events: &mut Vec<Event>) {
    let before = events.len();
    match change.field.or_empty() {
        "messages" | "smb_message_echoes" | "user_preferences" => number(value, received_at, events),
        "message_template_status_update" => events.push(account::template(change.value)),
        field => events.push(account::other(field, change.value)),
    }
    if events.len() == before {
        events.push(Event::ignored(format!("nothing known in a change of {}", change.field.or_empty())));
    }
}

/// Everything that can stand in a change of one number, whatever its field.
fn number(value: &Value<'_>, received_at: Timestamp, events: &mut Vec<Event>) {
    let people = People::read(value.contacts);
    let messages = [(value.messages, Direction::Inbound), (value.message_echoes, Direction::Echo)];
    for (list, direction) in messages {
        events.extend(items(list).into_iter().map(|raw| message::event(raw, &people, direction, received_at)));
    }
    events.extend(items(value.statuses).into_iter().map(|raw| status::event(raw, received_at)));
    events.extend(items(value.user_preferences).into_iter().map(account::preference));
    events.extend(items(value.errors).into_iter().map(|raw| {
        let error: GraphError<'_> = read(Some(raw)).unwrap_or_default();
        let code = error.code().map_or_else(|| "without a code".to_owned(), |code| code.to_string());
        Event::ignored(format!("error {code}: {}", error.sentence()))
    }));
}
