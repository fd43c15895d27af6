//! Contact cards (vCard), of which a few lines matter.

use crate::address::Address;
use patchbay_plugin_sdk::Participant;
use serde_json::Value;

const BEGIN: &str = "BEGIN:VCARD";

pub fn is_card(text: &str) -> bool {
    text.trim_start().get(..BEGIN.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(BEGIN))
}

pub fn people(cards: &[Value]) -> Vec<Participant> {
    cards.iter().filter_map(Value::as_str).filter(|card| is_card(card)).map(person).collect()
}

/// The first number and the first e-mail stand for the card.
fn person(card: &str) -> Participant {
    let mut person = Participant::new("");
    // A line that begins with white space goes on with the one before.
    let card = card.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    for (name, value) in card.lines().filter_map(|line| line.split_once(':')) {
        let mut parts = name.split(';');
        // `item1.TEL` belongs to a group of lines.
        let property = parts.next().and_then(|name| name.rsplit('.').next()).unwrap_or_default();
        match property.to_ascii_uppercase().as_str() {
            "FN" => person.name = person.name.or_else(|| unescaped(value)),
            "EMAIL" => person.email = person.email.or_else(|| unescaped(value)),
            "TEL" if person.phone.is_none() => {
                person.phone = unescaped(value.strip_prefix("tel:").unwrap_or(value));
                // The number under which WhatsApp knows the person.
                let known = parts.find_map(|parameter| parameter.strip_prefix("waid=")).and_then(Address::of_phone);
                if let Some(address) = known {
                    person.phone = address.phone();
                    person.id = address.into_string();
                }
            }
            _ => {}
        }
    }
    person
}

fn unescaped(value: &str) -> Option<String> {
    let mut text = String::with_capacity(value.len());
    let mut letters = value.trim().chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n' | 'N') => text.push('\n'),
                Some(escaped) => text.push(escaped),
                None => text.push('\\'),
            },
            letter => text.push(letter),
        }
    }
    (!text.is_empty()).then_some(text)
}
