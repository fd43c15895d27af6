//! The same as messages show it, in a form in which it can be sent again.

use patchbay_domain::platform::{Choice, Choices, Detail, Location, Participant};
use schemars::JsonSchema;
use serde::Serialize;

/// A message that is none of words, a file or a template, as it is shown.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[schemars(rename = "SpecialContent")]
pub struct Shown {
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<ShownPlace>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contacts: Option<Vec<ShownCard>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interactive: Option<ShownChoices>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ShownPlace {
    latitude: f64,
    longitude: f64,
    name: Option<String>,
    address: Option<String>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ShownItem {
    id: String,
    title: String,
    description: Option<String>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ShownContactCard")]
struct ShownCard {
    name: Option<String>,
    phone_number: Option<String>,
    email: Option<String>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "ShownInteractive")]
struct ShownChoices {
    items: Vec<ShownItem>,
    button: Option<String>,
    header: Option<String>,
    footer: Option<String>,
}

impl From<&Detail> for Shown {
    fn from(detail: &Detail) -> Self {
        let card = |person: &Participant| ShownCard {
            name: person.name.clone(),
            phone_number: person.phone.clone(),
            email: person.email.clone(),
        };
        match detail {
            Detail::Location(Location { latitude, longitude, name, address }) => {
                let (latitude, longitude) = (*latitude, *longitude);
                let place = ShownPlace { latitude, longitude, name: name.clone(), address: address.clone() };
                Self { location: Some(place), ..Self::default() }
            }
            Detail::Contacts(people) => Self { contacts: Some(people.iter().map(card).collect()), ..Self::default() },
            Detail::Choices(choices) => Self { interactive: Some(choices.into()), ..Self::default() },
            Detail::Choice(_) | Detail::Template(_) | Detail::Email(_) | Detail::Unsupported(_) => Self::default(),
        }
    }
}

impl From<&Choices> for ShownChoices {
    fn from(choices: &Choices) -> Self {
        let Choices { items, button, header, footer } = choices.clone();
        let item = |Choice { id, title, description }| ShownItem { id, title, description };
        Self { items: items.into_iter().map(item).collect(), button, header, footer }
    }
}
