//! From a webhook to events. A webhook is one message of a contact, or one state of a message that the business sent;
//! which of them, its fields tell. To read another kind of message, give it an arm in `content::read`.

mod consent;
mod content;
mod facts;
mod message;
mod person;
mod status;

use crate::settings::{Medium, Settings, bare};
use crate::wire::{CORRELATION, Fields};
use patchbay_plugin_sdk::{Channel, Event, Webhook};

/// The field with the Messaging Service.
const SERVICE: &str = "MessagingServiceSid";

/// What a webhook speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Message,
    Status,
    Nothing,
}

impl Subject {
    /// A contact's message has a text, if an empty one, and was received; whatever else has a `MessageStatus` is a status.
    fn of(fields: &Fields) -> Self {
        let has_content = ["Body", "NumMedia"].iter().any(|name| fields.has(name));
        let is_received = fields.get("SmsStatus") == Some("received");
        let names_state = fields.get("MessageStatus").or(fields.get("EventType")).is_some();
        if names_state && !(has_content && is_received) {
            return Self::Status;
        }
        if is_received || has_content {
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

/// The number that a webhook speaks of: as Twilio writes it, and as people set it up. Then the Messaging Service that
/// chose it, for channels that have only that; a status does not always name it, but the account.
pub fn addresses(webhook: &Webhook) -> Vec<String> {
    let fields = Fields::read(webhook).unwrap_or_default();
    let subject = Subject::of(&fields);
    let Some(address) = subject.own_address(&fields) else { return Vec::new() };
    let account = if subject == Subject::Status { fields.get("AccountSid") } else { None };
    let mut found: Vec<String> = Vec::new();
    for address in [Some(address), Some(bare(address)), fields.get(SERVICE).or(account)].into_iter().flatten() {
        if !found.iter().any(|known| known == address) {
            found.push(address.to_owned());
        }
    }
    found
}

/// Whether a status is that of another of the account's numbers: each of its channels is told of those that name no
/// service, and knows its own messages by their identifiers. What a contact wants holds for the number alone.
fn is_anothers(channel: &Channel, webhook: &Webhook, fields: &Fields) -> bool {
    let Ok(settings) = channel.settings::<Settings>() else { return false };
    let named = fields.get(SERVICE).is_some() || webhook.query(CORRELATION).is_some();
    !named && fields.get("From").is_some_and(|from| settings.sends_only_from_another(from))
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
        Subject::Status if is_anothers(channel, webhook, &fields) => vec![status::event(&fields, webhook)],
        Subject::Message => message::events(&fields, medium, webhook.received_at),
        Subject::Status => status::events(&fields, webhook),
        Subject::Nothing => vec![Event::ignored("neither a message nor a message's status")],
    })
}

/// Which message a webhook speaks of. Older names say the same.
fn message_sid(fields: &Fields) -> Option<&str> {
    ["MessageSid", "SmsMessageSid", "SmsSid"].into_iter().find_map(|name| fields.get(name))
}
