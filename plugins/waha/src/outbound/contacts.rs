//! Contacts: as cards in a message, and those that the phone knows.

use super::answer::{self, Effect};
use super::api::Api;
use super::compose::Piece;
use crate::address::Address;
use crate::wire::{flag, text, text_at};
use patchbay_plugin_sdk::{Failure, Outcome, Participant, ParticipantsPage, Response, Step, TransportError};
use serde_json::{Value, json};

const PER_PAGE: usize = 100;

pub fn piece(people: &[Participant]) -> Result<Piece<'static>, Failure> {
    if people.is_empty() {
        return Err(Failure::rejected("there is no contact to send"));
    }
    let cards: Vec<Value> = people.iter().map(|person| json!({"vcard": card(person)})).collect();
    Ok(Piece::new("sendContactVcard", [("contacts", json!(cards))]))
}

fn card(person: &Participant) -> String {
    let address = Address::parse(&person.id).filter(|address| address.digits().is_some());
    let phone = person.phone.clone().or_else(|| address.as_ref()?.phone());
    let name = person.name.as_deref().or(phone.as_deref()).unwrap_or(&person.id);
    let mut lines = vec!["BEGIN:VCARD".to_owned(), "VERSION:3.0".to_owned(), format!("FN:{}", escaped(name))];
    if let Some(phone) = &phone {
        let known = Address::of_phone(phone).or(address);
        let known =
            known.as_ref().and_then(Address::digits).map(|digits| format!(";waid={digits}")).unwrap_or_default();
        lines.push(format!("TEL;type=CELL;type=VOICE{known}:{}", escaped(phone)));
    }
    if let Some(email) = &person.email {
        lines.push(format!("EMAIL:{}", escaped(email)));
    }
    lines.push("END:VCARD".to_owned());
    lines.join("\n")
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(',', "\\,").replace(';', "\\;").replace(['\r', '\n'], "\\n")
}

/// A page begins where the cursor says: at so many contacts.
fn offset(cursor: Option<&str>) -> usize {
    cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or_default()
}

pub fn page(api: &Api, cursor: Option<&str>) -> Step {
    let request = api.get("/api/contacts/all").query("session", api.session()).query("limit", &PER_PAGE.to_string());
    request.query("offset", &offset(cursor).to_string()).query("sortBy", "id").into()
}

/// An engine without pages answers with all of them at once.
pub fn listed(cursor: Option<&str>, response: Result<Response, TransportError>) -> Result<Step, Failure> {
    let answer = answer::json(Effect::Reads, response)?;
    let all = answer.as_array().ok_or_else(|| Effect::Reads.unreadable("it is no list"))?;
    let cursor = (all.len() == PER_PAGE).then(|| (offset(cursor) + PER_PAGE).to_string());
    Ok(Outcome::Contacts(ParticipantsPage { items: all.iter().filter_map(person).collect(), cursor }).into())
}

/// A person among the contacts; groups, channels and the business itself are none.
pub fn person(contact: &Value) -> Option<Participant> {
    let id = text(contact, "id").or_else(|| text_at(contact, &["id", "_serialized"]))?;
    let address = Address::parse(id).filter(|address| address.is_person() && !flag(contact, "isMe"))?;
    let name = ["name", "pushname", "shortName"].into_iter().find_map(|field| text(contact, field));
    Some(Participant {
        name: name.map(str::to_owned),
        phone: address.phone(),
        ..Participant::new(address.into_string())
    })
}
