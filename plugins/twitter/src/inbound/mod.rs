//! From a webhook to events. Both of X's systems may send to one address; `envelope` tells them apart.
//!
//! To take another kind of event, give it an arm in [`parse`] or in [`activity`].

mod change;
pub mod chat;
mod content;
mod envelope;
pub mod message;
pub mod person;

use crate::settings::{CONSUMER_SECRET, Settings};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use envelope::Envelope;
use patchbay_plugin_sdk::host::{self, Algorithm};
use patchbay_plugin_sdk::{Acceptance, Channel, Event, Rejection, Reply, Timestamp, Webhook};
use serde_json::{Value, json};

const SIGNATURE: &str = "x-twitter-webhooks-signature";
const PREFIX: &str = "sha256=";
const LONGEST_CHALLENGE: usize = 256;

/// Whether X sent it, or an answer to X's question whether we know the secret.
pub fn accept(webhook: &Webhook) -> Result<Acceptance, Rejection> {
    if webhook.method.eq_ignore_ascii_case("GET") {
        return answer_challenge(webhook);
    }
    if is_signed(webhook) {
        Ok(Acceptance::keep())
    } else {
        Err(Rejection::unauthentic(
            "x-twitter-webhooks-signature is missing or wrong; compare the channel's consumerSecret with the app's",
        ))
    }
}

fn answer_challenge(webhook: &Webhook) -> Result<Acceptance, Rejection> {
    let token = webhook.query("crc_token").filter(|token| is_challenge(token));
    let token = token.ok_or_else(|| Rejection::malformed("crc_token is missing or no token"))?;
    let proof = host::hmac(Algorithm::Sha256, &[CONSUMER_SECRET], token.as_bytes()).map_err(Rejection::unauthentic)?;
    let token = format!("{PREFIX}{}", STANDARD.encode(proof));
    Ok(Acceptance::Answer(Reply::json(&json!({"response_token": token}))))
}

/// The answer is made with the key that signs webhooks, and anybody may ask: so nothing is answered that could be the
/// body of a webhook, which is JSON with something in it.
fn is_challenge(token: &str) -> bool {
    let is_json = token.bytes().any(|byte| b"{}[]\"".contains(&byte));
    (1..=LONGEST_CHALLENGE).contains(&token.len()) && !is_json
}

fn is_signed(webhook: &Webhook) -> bool {
    let claimed = webhook.header(SIGNATURE).and_then(|value| value.strip_prefix(PREFIX));
    let claimed = claimed.and_then(|value| STANDARD.decode(value).ok());
    let expected = host::hmac(Algorithm::Sha256, &[CONSUMER_SECRET], &webhook.body);
    matches!((claimed, expected), (Some(claimed), Ok(expected)) if host::equal(&claimed, &expected))
}

pub fn addresses(webhook: &Webhook) -> Vec<String> {
    let body: Value = webhook.json().unwrap_or_default();
    let mut accounts: Vec<String> = Vec::new();
    for account in Envelope::all(&body).iter().filter_map(Envelope::account) {
        if !accounts.contains(&account) {
            accounts.push(account);
        }
    }
    accounts
}

/// What stands around an event.
pub struct Context<'a> {
    /// The account that the webhook is about.
    pub account: &'a str,
    /// What is told of the people in it.
    pub people: person::People<'a>,
    /// When it happened, where it does not say.
    pub at: Timestamp,
}

pub fn parse(channel: &Channel, webhook: &Webhook) -> Result<Vec<Event>, String> {
    let settings = channel.settings::<Settings>()?;
    let body: Value = webhook.json()?;
    Ok(Envelope::all(&body).iter().flat_map(|envelope| events(envelope, &settings, webhook.received_at)).collect())
}

fn events(envelope: &Envelope<'_>, settings: &Settings, received_at: Timestamp) -> Vec<Event> {
    let Some(account) = envelope.account() else { return vec![envelope.meaningless()] };
    if !settings.user_id.is_empty() && account != settings.user_id {
        return vec![Event::ignored("a webhook of another account")];
    }
    let context = Context { account: &account, people: envelope.people(), at: received_at };
    let events = match envelope {
        Envelope::Account(body) => direct_messages(body, &context),
        Envelope::Activity { kind, payload, .. } => activity(kind, payload, &context),
        Envelope::Revoked(_) => vec![change::revoked()],
        Envelope::Other(_) => Vec::new(),
    };
    if events.is_empty() { vec![envelope.meaningless()] } else { events }
}

fn activity(kind: &str, payload: &Value, context: &Context<'_>) -> Vec<Event> {
    match kind {
        "chat.received" => vec![chat::event(payload, chat::Direction::Inbound, context)],
        "chat.sent" => vec![chat::event(payload, chat::Direction::Echo, context)],
        "oauth.revoke" => vec![change::revoked()],
        "dm.received" | "dm.sent" => direct_messages(payload, context),
        // How these two arrive is not documented: as in the other envelope, or bare.
        "dm.indicate_typing" | "dm.read" => {
            let known = direct_messages(payload, context);
            match kind {
                _ if !known.is_empty() => known,
                "dm.read" => vec![change::read(payload, context)],
                _ => vec![change::typing(payload, context)],
            }
        }
        _ => Vec::new(),
    }
}

/// What both envelopes have in common.
fn direct_messages(body: &Value, context: &Context<'_>) -> Vec<Event> {
    type Read = fn(&Value, &Context<'_>) -> Event;
    const KINDS: [(&str, Read); 3] = [
        ("direct_message_events", message::event),
        ("direct_message_indicate_typing_events", change::typing),
        ("direct_message_mark_read_events", change::read),
    ];
    let of = |(name, read): (&str, Read)| {
        let items = crate::wire::items(body, &[name]).iter();
        items.map(|item| read(item, context)).collect::<Vec<_>>()
    };
    KINDS.into_iter().flat_map(of).collect()
}
