//! From a webhook to events. A webhook is one message of a contact, or one state of a message that the business sent;
//! which of them, its fields tell. To read another kind of message, give it an arm in `content::read`.

mod consent;
mod content;
mod facts;
mod message;
mod person;
mod status;

use crate::settings::{Medium, bare};
use crate::wire::Fields;
use patchbay_plugin_sdk::{Channel, Event, Webhook};

/// What a webhook speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Message,
    Status,
    Nothing,
}

impl Subject {
    /// A contact's message has a text, if an empty one; only a status has `MessageStatus`.
    fn of(fields: &Fields) -> Self {
        match fields.get("MessageStatus").or(fields.get("EventType")) {
            Some("received") => return Self::Message,
            Some(_) => return Self::Status,
            None => {}
        }
        if fields.get("SmsStatus") == Some("received") || ["Body", "NumMedia"].iter().any(|name| fields.has(name)) {
            return Self::Message;
        }
        if fields.has("SmsStatus") { Self::Status } else { Self::Nothing }
    }

    /// The business's own address.
    fn own_address(self, fields: &Fields) -> Option<&str> {
        match self {
            Self::Message => fields.get("To"),
            Self::Status => fields.get("From"),
            Self::Nothing => None,
        }
    }
}

/// The number that a webhook speaks of: as Twilio writes it, and as people set it up.
pub fn addresses(webhook: &Webhook) -> Vec<String> {
    let fields = Fields::read(webhook).unwrap_or_default();
    let Some(address) = Subject::of(&fields).own_address(&fields) else { return Vec::new() };
    let mut found = vec![address.to_owned()];
    if bare(address) != address {
        found.push(bare(address).to_owned());
    }
    found
}

/// What happened on this channel.
pub fn parse(channel: &Channel, webhook: &Webhook) -> Result<Vec<Event>, String> {
    let fields = Fields::read(webhook)?;
    let subject = Subject::of(&fields);
    let medium = Medium::of(channel);
    // One number may serve both channel types.
    let elsewhere = |address| Medium::of_address(address) != Some(medium);
    if subject.own_address(&fields).is_some_and(elsewhere) {
        return Ok(vec![Event::ignored("a webhook of another of Twilio's channels")]);
    }
    Ok(match subject {
        Subject::Message => message::events(&fields, medium, webhook.received_at),
        Subject::Status => status::events(&fields, webhook),
        Subject::Nothing => vec![Event::ignored("neither a message nor a message's status")],
    })
}

/// Which message a webhook speaks of. Older names say the same.
fn message_sid(fields: &Fields) -> Option<&str> {
    ["MessageSid", "SmsMessageSid", "SmsSid"].into_iter().find_map(|name| fields.get(name))
}
