//! From a webhook to events. A webhook tells one thing that happened in one session.
//!
//! To take another kind of event, give it an arm in [`event`]; another kind of content, a function in `content`.

mod change;
mod content;
pub mod message;
pub mod person;
pub mod session;
pub mod status;
mod vcard;
mod vote;

use crate::address::Address;
use crate::settings::{HMAC_KEY, Settings};
use crate::wire::{at, text, text_at, time};
use message::Direction;
use patchbay_plugin_sdk::host::Algorithm;
use patchbay_plugin_sdk::{Acceptance, Channel, Event, Rejection, Timestamp, Webhook};
use serde_json::Value;

pub use content::FILES;

const SIGNATURE: &str = "x-webhook-hmac";
const ALGORITHM: &str = "x-webhook-hmac-algorithm";

pub fn accept(webhook: &Webhook) -> Result<Acceptance, Rejection> {
    let known = webhook.header(ALGORITHM).is_none_or(|algorithm| algorithm.eq_ignore_ascii_case("sha512"));
    if known && webhook.is_signed(SIGNATURE, "", Algorithm::Sha512, HMAC_KEY) {
        Ok(Acceptance::keep())
    } else {
        Err(Rejection::unauthentic("X-Webhook-Hmac is missing, wrong or not of sha512; compare the session's hmac.key"))
    }
}

pub fn addresses(webhook: &Webhook) -> Vec<String> {
    let body: Value = webhook.json().unwrap_or_default();
    text(&body, "session").map(str::to_owned).into_iter().collect()
}

/// What stands around an event's payload.
pub struct Context {
    /// When it happened, where the payload does not say.
    pub at: Timestamp,
    /// The business itself.
    pub me: Option<Address>,
}

pub fn parse(channel: &Channel, webhook: &Webhook) -> Result<Vec<Event>, String> {
    let settings = channel.settings::<Settings>()?;
    let body: Value = webhook.json()?;
    if text(&body, "session").is_some_and(|session| session != settings.session) {
        return Ok(vec![Event::ignored("a webhook of another session")]);
    }
    let context = Context {
        at: time(at(&body, &["timestamp"])).unwrap_or(webhook.received_at),
        me: text_at(&body, &["me", "id"]).and_then(Address::parse),
    };
    let payload = at(&body, &["payload"]);
    if !payload.is_object() {
        return Ok(vec![Event::ignored("a webhook without a payload")]);
    }
    Ok(event(text(&body, "event").unwrap_or_default(), payload, &context))
}

fn event(kind: &str, payload: &Value, context: &Context) -> Vec<Event> {
    let event = match kind {
        // Only what arrives, whatever its `fromMe` says. `message.any` tells the same message under the same
        // identifier, so that a session with both has it once.
        "message" => message::event(payload, Direction::Inbound, context),
        "message.any" => message::event(payload, Direction::told(payload), context),
        "message.ack" | "message.ack.group" => status::event(payload, context),
        "message.reaction" => change::reaction(payload, context),
        "message.edited" => change::edit(payload, context),
        "message.revoked" => change::revoked(payload),
        "poll.vote" => vote::event(payload, context),
        "session.status" => session::event(payload, context),
        "presence.update" => return change::typing(payload),
        "message.waiting" => Event::ignored("a message that WhatsApp has not decrypted yet"),
        other => Event::ignored(format!("an event {other}")),
    };
    vec![event]
}
