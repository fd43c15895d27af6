//! Whom a message is for.

use patchbay_plugin_sdk::encoding::encode_component;
use patchbay_plugin_sdk::{Failure, Outgoing};

pub enum Recipient {
    Person(String),
    /// A conversation of several, by its own identifier.
    Group(String),
}

const NOBODY: &str = "the contact has no identifier on X, which is a number";

/// The identifier of a person, or nothing.
pub fn person(id: &str) -> Option<&str> {
    ((1..=19).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit())).then_some(id)
}

impl Recipient {
    pub fn of(outgoing: &Outgoing) -> Result<Self, Failure> {
        let to = &outgoing.to;
        let known = [&outgoing.thread, &to.id].into_iter().chain(&to.aliases);
        if outgoing.thread.starts_with('g') {
            return Ok(Self::Group(outgoing.thread.clone()));
        }
        let person = known.map(String::as_str).find_map(person);
        person.map(|person| Self::Person(person.to_owned())).ok_or_else(|| Failure::rejected(NOBODY))
    }

    /// The path of what concerns the conversation.
    pub fn path(&self) -> String {
        match self {
            Self::Person(id) => format!("/2/dm_conversations/with/{id}"),
            Self::Group(id) => format!("/2/dm_conversations/{}", encode_component(id)),
        }
    }

    pub fn person(&self) -> Result<&str, Failure> {
        match self {
            Self::Person(id) => Ok(id),
            Self::Group(_) => Err(Failure::unsupported("X takes quick replies and buttons for one person only")),
        }
    }
}
