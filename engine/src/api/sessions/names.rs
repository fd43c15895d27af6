//! What people and teams are called.

use crate::{api::fields::Field, service::fields::FromText};

/// One line of two to a hundred characters, without the spaces around it.
pub struct ShortName(pub String);

impl FromText for ShortName {
    fn from_text(text: &str) -> Result<Self, String> {
        let name = text.trim();
        if (2..=100).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
            Ok(Self(name.to_owned()))
        } else {
            Err("must be one line of 2 to 100 characters".to_owned())
        }
    }
}

/// Front ends send it always, empty where there is none.
pub fn unless_empty(field: Field<String>) -> Field<String> {
    match field {
        Field::Given(text) if text.trim().is_empty() => Field::Absent,
        field => field,
    }
}
