//! A contact's message. Twilio says no time for it: it was sent when the webhook came.

use super::{consent, content, facts, message_sid, person};
use crate::settings::Medium;
use crate::wire::Fields;
use patchbay_plugin_sdk::{Event, Message, Timestamp};

/// The message, after what it says about wanting messages: whatever the message sets off finds that known.
pub fn events(fields: &Fields, medium: Medium, received_at: Timestamp) -> Vec<Event> {
    let Some(id) = message_sid(fields) else { return vec![Event::ignored("a message without an identifier")] };
    let Some(sender) = person::sender(fields) else { return vec![Event::ignored("a message without a sender")] };
    let consent = consent::event(fields, medium, &sender);
    let message = Message {
        reply_to: fields.owned("OriginalRepliedMessageSid"),
        metadata: facts::metadata(fields),
        ..Message::new(id, sender, received_at, content::read(fields))
    };
    consent.into_iter().chain([Event::Message(message)]).collect()
}
