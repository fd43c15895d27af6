//! What is neither words nor a file nor a template: a place, people, and things to choose from. Each is taken in the
//! platform's own form, and as messages show it.

mod shown;

use patchbay_domain::platform::{Choice, Choices, Detail, Location, Participant};
use schemars::JsonSchema;
use serde::Deserialize;
pub use shown::Shown;

use super::send_body::either;
use crate::{
    api::fields::{Check, Field, Noted},
    service::{
        direct::Body,
        fields::{EmailAddress, FromText, MessageText},
    },
};

const MOST_CARDS: usize = 50;
const MOST_ITEMS: usize = 50;
const LONGEST: usize = 1_024;

const LOCATION: &str =
    "must be {latitude, longitude, name?, address?}: a latitude from -90 to 90, a longitude from -180 to 180";
const CONTACTS: &str =
    "must be a list of {name, phoneNumber?, email?}, or of the platform's cards with one number and one address each";
const INTERACTIVE: &str = "must be {items: [{id, title, description?}], button?, header?, footer?}, or the platform's buttons, or \
     its list of one section; header and footer are texts";

/// The fields that these kinds have.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(default)]
#[schemars(rename = "SpecialParts")]
pub struct Special {
    location: Field<Place>,
    latitude: Field<f64>,
    longitude: Field<f64>,
    name: Field<String>,
    address: Field<String>,
    contacts: Field<Vec<Card>>,
    interactive: Field<Interactive>,
}

/// A place on the map.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Location")]
struct Place {
    latitude: f64,
    longitude: f64,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    address: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ContactCard")]
struct Card {
    name: CardName,
    phone_number: Option<String>,
    email: Option<String>,
    #[serde(default)]
    phones: Vec<CardPhone>,
    #[serde(default)]
    emails: Vec<CardEmail>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum CardName {
    Whole(String),
    Parts { formatted_name: String },
}

#[derive(Deserialize, JsonSchema)]
struct CardPhone {
    phone: String,
    wa_id: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
struct CardEmail {
    email: String,
}

#[derive(Deserialize, JsonSchema)]
struct Interactive {
    header: Option<Label>,
    body: Option<Label>,
    footer: Option<Label>,
    button: Option<String>,
    #[serde(default)]
    items: Vec<Item>,
    #[serde(default)]
    action: Action,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Label {
    Text(String),
    Object { text: String },
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "InteractiveAction")]
struct Action {
    button: Option<String>,
    buttons: Vec<Button>,
    sections: Vec<Section>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "InteractiveButton")]
struct Button {
    reply: Item,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "InteractiveSection")]
struct Section {
    rows: Vec<Item>,
}

/// One of what can be chosen.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "InteractiveItem")]
struct Item {
    id: String,
    title: String,
    #[serde(default)]
    description: Option<String>,
}

impl Special {
    /// What stands in `content`, else beside it.
    pub fn over(self, flat: Self) -> Self {
        Self {
            location: either(self.location, flat.location),
            latitude: either(self.latitude, flat.latitude),
            longitude: either(self.longitude, flat.longitude),
            name: either(self.name, flat.name),
            address: either(self.address, flat.address),
            contacts: either(self.contacts, flat.contacts),
            interactive: either(self.interactive, flat.interactive),
        }
    }

    pub fn location(self, check: &mut Check) -> Result<Body, Noted> {
        let place = match self.location {
            Field::Absent | Field::Null => Place {
                latitude: check.required_value("latitude", self.latitude)?,
                longitude: check.required_value("longitude", self.longitude)?,
                name: check.value("name", self.name)?,
                address: check.value("address", self.address)?,
            },
            place => read(check, "location", place, LOCATION)?,
        };
        let detail = place.read().ok_or_else(|| check.note("location", LOCATION))?;
        Ok(Body::Special { text: None, detail })
    }

    pub fn contacts(self, check: &mut Check) -> Result<Body, Noted> {
        let cards = read(check, "contacts", self.contacts, CONTACTS)?;
        let people: Option<Vec<_>> = cards.into_iter().map(Card::read).collect();
        let people = people.filter(|people| (1..=MOST_CARDS).contains(&people.len()));
        let people = people.ok_or_else(|| check.note("contacts", CONTACTS))?;
        Ok(Body::Special { text: None, detail: Detail::Contacts(people) })
    }

    /// `text` is what stands above the choices, where the object does not say it itself.
    pub fn interactive(self, check: &mut Check, text: Field<String>) -> Result<Body, Noted> {
        let mut interactive = read(check, "interactive", self.interactive, INTERACTIVE)?;
        let text = match interactive.body.take() {
            Some(body) => Field::Given(body.into_text()),
            None => text,
        };
        let text = check.required::<MessageText>("text", text)?;
        let choices = interactive.read().ok_or_else(|| check.note("interactive", INTERACTIVE))?;
        Ok(Body::Special { text: Some(text.into_string()), detail: Detail::Choices(choices) })
    }
}

/// What must be there, in a form that a sentence describes.
fn read<T>(check: &mut Check, name: &str, field: Field<T>, form: &str) -> Result<T, Noted> {
    match field {
        Field::Given(value) => Ok(value),
        Field::Wrong(_) => Err(check.note(name, form)),
        Field::Absent | Field::Null => Err(check.note(name, "is required")),
    }
}

/// A text that cannot be stored, or is a novel.
#[derive(Debug)]
struct Unfit;

/// An empty text is absent.
fn short(text: Option<String>) -> Result<Option<String>, Unfit> {
    let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let fits = |text: &String| !text.contains('\0') && text.chars().count() <= LONGEST;
    if text.as_ref().is_none_or(fits) { Ok(text) } else { Err(Unfit) }
}

/// The same, where it must be there.
fn words(text: String) -> Option<String> {
    short(Some(text)).ok()?
}

impl Place {
    fn read(self) -> Option<Detail> {
        let Self { latitude, longitude, name, address } = self;
        let is_on_earth = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        let (name, address) = (short(name).ok()?, short(address).ok()?);
        is_on_earth.then_some(Detail::Location(Location { latitude, longitude, name, address }))
    }
}

impl Card {
    fn read(self) -> Option<Participant> {
        let Self { name, phone_number, email, phones, emails } = self;
        let name = match name {
            CardName::Whole(name) | CardName::Parts { formatted_name: name } => words(name)?,
        };
        let (mut phones, mut emails) = (phones.into_iter(), emails.into_iter());
        let listed = phones.next();
        let id = short(listed.as_ref().and_then(|phone| phone.wa_id.clone())).ok()?.unwrap_or_default();
        let phone = short(phone_number.or(listed.map(|phone| phone.phone))).ok()?;
        let email = short(email.or(emails.next().map(|email| email.email))).ok()?;
        let is_address = email.as_ref().is_none_or(|email| EmailAddress::from_text(email).is_ok());
        let is_whole = is_address && phones.next().is_none() && emails.next().is_none();
        is_whole.then(|| Participant { id, name: Some(name), phone, email, ..Participant::default() })
    }
}

impl Label {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) | Self::Object { text } => text,
        }
    }
}

impl Interactive {
    fn read(self) -> Option<Choices> {
        let Self { header, body: _, footer, button, items, action: Action { button: opens, buttons, sections } } = self;
        if sections.len() > 1 {
            return None;
        }
        let rows = sections.into_iter().flat_map(|section| section.rows);
        let items = items.into_iter().chain(buttons.into_iter().map(|button| button.reply)).chain(rows);
        let items: Vec<Choice> = items.map(Item::read).collect::<Option<_>>()?;
        let choices = Choices {
            button: short(button.or(opens)).ok()?,
            header: short(header.map(Label::into_text)).ok()?,
            footer: short(footer.map(Label::into_text)).ok()?,
            items,
        };
        (1..=MOST_ITEMS).contains(&choices.items.len()).then_some(choices)
    }
}

impl Item {
    fn read(self) -> Option<Choice> {
        let Self { id, title, description } = self;
        Some(Choice { id: words(id)?, title: words(title)?, description: short(description).ok()? })
    }
}

#[cfg(test)]
mod tests;
