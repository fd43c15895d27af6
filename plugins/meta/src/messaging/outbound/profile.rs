//! Who a contact is: webhooks carry only an identifier.

use crate::Effect;
use crate::json::Text;
use patchbay_plugin_sdk::{Failure, Outcome, Participant, Response, Step};
use serde::Deserialize;

#[derive(Deserialize)]
struct Person<'a> {
    #[serde(default, borrow)]
    name: Text<'a>,
    #[serde(default, borrow)]
    first_name: Text<'a>,
    #[serde(default, borrow)]
    last_name: Text<'a>,
    #[serde(default, borrow)]
    username: Text<'a>,
    #[serde(default, borrow, rename = "profile_pic")]
    picture: Text<'a>,
}

pub fn read(id: &str, response: &Response) -> Result<Step, Failure> {
    let profile: Person<'_> = response.json().map_err(|error| Effect::Repeatable.unreadable(&error))?;
    let parts: Vec<&str> = [&profile.first_name, &profile.last_name].into_iter().filter_map(Text::get).collect();
    let name = profile.name.owned().or_else(|| Some(parts.join(" ")).filter(|name| !name.is_empty()));
    let person = Participant {
        name,
        username: profile.username.owned(),
        avatar_url: profile.picture.owned(),
        ..Participant::new(id)
    };
    Ok(Outcome::Profile(person).into())
}
