//! Whom a message is for.

use patchbay_plugin_sdk::{Failure, Outgoing};

/// A person, by identifier.
pub struct Recipient(String);

const NOBODY: &str = "the contact has no identifier on X, which is a number";
/// Conversations of several are those of the encrypted system alone.
const ENCRYPTED: &str = "an encrypted conversation has to be answered on X";

/// The identifier of a person, or nothing.
pub fn person(id: &str) -> Option<&str> {
    ((1..=19).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit())).then_some(id)
}

impl Recipient {
    pub fn of(outgoing: &Outgoing) -> Result<Self, Failure> {
        let to = &outgoing.to;
        let known = [&outgoing.thread, &to.id].into_iter().chain(&to.aliases);
        if outgoing.thread.starts_with('g') {
            return Err(Failure::unsupported(ENCRYPTED));
        }
        let person = known.map(String::as_str).find_map(person);
        person.map(|person| Self(person.to_owned())).ok_or_else(|| Failure::rejected(NOBODY))
    }

    /// The path of what concerns the conversation.
    pub fn path(&self) -> String {
        format!("/2/dm_conversations/with/{}", self.0)
    }

    pub fn person(&self) -> &str {
        &self.0
    }
}
