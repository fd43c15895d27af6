//! From a webhook to events. A webhook brings up to ten notifications, each of one thing that happened on the page.
//!
//! To take another kind of notification, give its action an arm in [`notification::event`].

pub mod comment;
pub mod notification;

use crate::settings::{CHILD_CLIENT_SECRET, CLIENT_SECRET, Settings};
use crate::wire::{at, items, text};
use patchbay_plugin_sdk::encoding::{from_hex, to_hex};
use patchbay_plugin_sdk::host::{self, Algorithm};
use patchbay_plugin_sdk::{Acceptance, Channel, Event, Rejection, Reply, Timestamp, Webhook};
use serde_json::{Value, json};

const SIGNATURE: &str = "x-li-signature";
/// Stands before the body in what is signed, and before the signature in what some receivers were sent.
const SIGNED: &str = "hmacsha256=";
const KIND: &str = "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS";
/// A challenge is a UUID, which is shorter.
const LONGEST_CHALLENGE: usize = 64;

pub fn accept(channel: &Channel, webhook: &Webhook) -> Result<Acceptance, Rejection> {
    if webhook.method.eq_ignore_ascii_case("GET") {
        return challenged(&*channel.settings::<Settings>()?, webhook);
    }
    if [CLIENT_SECRET, CHILD_CLIENT_SECRET].iter().any(|secret| is_signed(webhook, secret)) {
        Ok(Acceptance::keep())
    } else {
        Err(Rejection::unauthentic("X-LI-Signature is missing or wrong; compare the channel's clientSecret"))
    }
}

fn is_signed(webhook: &Webhook, secret: &str) -> bool {
    let header = webhook.header(SIGNATURE).map(|header| header.strip_prefix(SIGNED).unwrap_or(header));
    let claimed = header.and_then(from_hex);
    let signed = [SIGNED.as_bytes(), &webhook.body].concat();
    let expected = host::hmac(Algorithm::Sha256, &[secret], &signed);
    matches!((claimed, expected), (Some(claimed), Ok(expected)) if host::equal(&claimed, &expected))
}

/// LinkedIn asks every two hours, and nothing proves that it is LinkedIn who asks. The key is the one that signs
/// webhooks: whoever may choose the challenge freely may have a webhook signed.
fn challenged(settings: &Settings, webhook: &Webhook) -> Result<Acceptance, Rejection> {
    let code = webhook.query("challengeCode").filter(|code| is_challenge(code));
    let code = code.ok_or_else(|| Rejection::malformed("challengeCode is missing or no UUID"))?;
    let application = webhook.query("applicationId");
    let secret = settings
        .secret_of(application.as_deref())
        .ok_or_else(|| Rejection::unauthentic("applicationId is that of another application"))?;
    let response = host::hmac(Algorithm::Sha256, &[secret], code.as_bytes());
    let response =
        response.map_err(|error| Rejection::unauthentic(format!("there is no key to answer with: {error}")))?;
    let answer = json!({"challengeCode": code, "challengeResponse": to_hex(&response)});
    Ok(Acceptance::Answer(Reply::json(&answer)))
}

fn is_challenge(code: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !code.is_empty() && code.len() <= LONGEST_CHALLENGE && code.bytes().all(is_plain)
}

pub fn addresses(webhook: &Webhook) -> Vec<String> {
    let body: Value = webhook.json().unwrap_or_default();
    let mut addresses: Vec<String> = Vec::new();
    for notification in items(&body, "notifications") {
        let organization = text(notification, &["organizationalEntity"]);
        if let Some(organization) = organization.filter(|known| !addresses.iter().any(|address| address == known)) {
            addresses.push(organization.to_owned());
        }
    }
    addresses
}

/// What stands around a comment or a notification.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The page.
    pub organization: &'a str,
    /// When it happened, where nothing says.
    pub at: Timestamp,
}

pub fn parse(channel: &Channel, webhook: &Webhook) -> Result<Vec<Event>, String> {
    let settings = channel.settings::<Settings>()?;
    let body: Value = webhook.json()?;
    let kind = at(&body, &["type"]);
    if !kind.is_null() && kind != KIND {
        return Ok(vec![Event::ignored("a webhook of another type")]);
    }
    let notifications = items(&body, "notifications");
    if notifications.is_empty() {
        return Ok(vec![Event::ignored("a webhook without notifications")]);
    }
    let context = Context { organization: &settings.organization, at: webhook.received_at };
    Ok(notifications.iter().map(|notification| notification::event(notification, context)).collect())
}
