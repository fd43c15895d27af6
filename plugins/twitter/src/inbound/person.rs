//! Who somebody is, as far as a webhook or a list tells.

use crate::wire::{at, id, items, text};
use patchbay_plugin_sdk::Participant;
use serde_json::Value;

/// A person, as X describes them in either of its systems.
pub fn described(person: &str, known: &Value) -> Participant {
    let first = |names: [&str; 2]| names.into_iter().find_map(|name| text(known, &[name])).map(str::to_owned);
    Participant {
        name: text(known, &["name"]).map(str::to_owned),
        username: first(["screen_name", "username"]),
        avatar_url: first(["profile_image_url_https", "profile_image_url"]),
        ..Participant::new(person)
    }
}

/// Where people are told of: under their identifier, one level deeper in the newer envelope, or in a list.
pub struct People<'a>([&'a Value; 2]);

impl<'a> People<'a> {
    pub fn new(places: [&'a Value; 2]) -> Self {
        Self(places)
    }

    pub fn participant(&self, person: &str) -> Participant {
        described(person, self.find(person))
    }

    fn find(&self, person: &str) -> &'a Value {
        let by_id = self.0.iter().map(|place| at(place, &["users", person]));
        let listed = self.0.iter().flat_map(|place| items(place, &["users"]));
        let listed = listed.filter(|known| id(known, &["id"]).as_deref() == Some(person));
        let found = by_id.chain(listed).find(|known| known.is_object()).unwrap_or(&Value::Null);
        let deeper = at(found, &["data"]);
        if deeper.is_object() { deeper } else { found }
    }
}
