//! Who the other side is, and in which chat. Beside the payload's own fields, the engine's raw message (`_data`) knows a
//! person's other identifier and the name they gave themselves; its shape depends on the engine.

use super::message::Direction;
use crate::address::{Address, MessageId};
use crate::wire::{text, text_at};
use patchbay_plugin_sdk::Participant;
use serde_json::{Map, Value};

/// A person's address in the other form.
const OTHER: [&[&str]; 4] = [
    &["_data", "key", "remoteJidAlt"],
    &["_data", "key", "participantAlt"],
    &["_data", "Info", "SenderAlt"],
    &["_data", "Info", "RecipientAlt"],
];
/// The name that a person gave themselves.
const NAME: [&[&str]; 3] = [&["_data", "notifyName"], &["_data", "pushName"], &["_data", "Info", "PushName"]];

/// The part of the raw message that is read here; none where it has nothing of it.
pub fn raw(payload: &Value) -> Option<Value> {
    let mut kept = Map::new();
    for path in OTHER.iter().chain(&NAME) {
        let ([_, within @ .., name], Some(told)) = (*path, text_at(payload, path)) else { continue };
        let told = ((*name).to_owned(), Value::from(told));
        match within.first() {
            None => kept.extend([told]),
            Some(part) => {
                let part = kept.entry(*part).or_insert_with(|| Value::Object(Map::new()));
                part.as_object_mut().into_iter().for_each(|part| part.extend([told.clone()]));
            }
        }
    }
    (!kept.is_empty()).then_some(Value::Object(kept))
}

/// The chat that a payload is of. What the business wrote says best by its identifier to whom.
pub fn chat_of(payload: &Value, direction: Direction) -> Option<Address> {
    let by_id = || text(payload, "id").and_then(|id| MessageId::parse(id).chat().cloned());
    let field = |name| text(payload, name).and_then(Address::parse);
    match direction {
        Direction::Inbound => field("from").or_else(by_id),
        Direction::Echo => by_id().or_else(|| field("to")).or_else(|| field("from")),
    }
}

/// Who wrote in a group.
pub fn participant(payload: &Value) -> Option<Address> {
    let by_id = || MessageId::parse(text(payload, "id")?).around?.participant;
    let named = ["participant", "author"].into_iter().find_map(|name| text(payload, name));
    named.and_then(Address::parse).filter(Address::is_person).or_else(by_id)
}

/// A person, or a group where it is not told who in it, by address alone.
pub fn addressed(address: &Address) -> Participant {
    Participant { phone: address.phone(), ..Participant::new(address.as_str()) }
}

/// As [`addressed`], with what the raw message knows.
pub fn described(address: &Address, payload: &Value, direction: Direction) -> Participant {
    let mut person = addressed(address);
    if !address.is_person() {
        return person;
    }
    // One engine names both sides: the business is never the contact in another form.
    let business = match direction {
        Direction::Inbound => "RecipientAlt",
        Direction::Echo => "SenderAlt",
    };
    let told = OTHER.into_iter().filter(|path| path.last() != Some(&business));
    let others = told.filter_map(|path| text_at(payload, path)).filter_map(Address::parse);
    // The same person in the other form: a number for a hidden identifier, or the other way round.
    if let Some(other) = others.into_iter().find(|other| other.is_person() && other.kind() != address.kind()) {
        person.phone = person.phone.or_else(|| other.phone());
        person.aliases.push(other.into_string());
    }
    if direction == Direction::Inbound {
        person.name = NAME.into_iter().find_map(|path| text_at(payload, path)).map(str::to_owned);
    }
    person
}
