//! Contact cards that a contact sent. Most of a card may be missing; its first number and first e-mail stand for it.

use super::person::phone;
use crate::wire::{Card, CardEmail, CardName, CardPhone};
use patchbay_plugin_meta::json::{Raw, Text, items, read};
use patchbay_plugin_sdk::Participant;

pub fn contacts(raw: Raw<'_>) -> Option<Vec<Participant>> {
    let cards = items(raw).into_iter().filter_map(|card| read(Some(card)));
    let people: Vec<Participant> = cards.map(|card| contact(&card)).collect();
    (!people.is_empty()).then_some(people)
}

fn contact(card: &Card<'_>) -> Participant {
    let phones: Vec<CardPhone<'_>> = items(card.phones).into_iter().filter_map(|raw| read(Some(raw))).collect();
    let numbers = phones.iter().filter_map(|phone| phone.wa_id.get().or(phone.phone.get()));
    let mut numbers = numbers.map(str::to_owned);
    let mut person = Participant::new(numbers.next().unwrap_or_default());
    person.aliases = numbers.collect();
    person.phone = phones.iter().find_map(|number| phone(number.wa_id.or_empty()).or_else(|| number.phone.owned()));
    person.email = items(card.emails).into_iter().find_map(|raw| read::<CardEmail<'_>>(Some(raw))?.email.owned());
    person.name = read::<CardName<'_>>(card.name).as_ref().and_then(name);
    person
}

fn name(name: &CardName<'_>) -> Option<String> {
    let parts: Vec<&str> = [&name.first_name, &name.last_name].into_iter().filter_map(Text::get).collect();
    name.formatted_name.owned().or_else(|| (!parts.is_empty()).then(|| parts.join(" ")))
}
