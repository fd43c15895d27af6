//! Authentic or not. Delivery events are signed with a key whose public half the channel knows. Inbound mail is not
//! signed: its address carries a token, which also guards events where no key is set.

use crate::settings::{INBOUND_TOKEN, Settings};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use patchbay_plugin_sdk::{Acceptance, Channel, Rejection, Webhook, host};

const SIGNATURE: &str = "x-twilio-email-event-webhook-signature";
const TIMESTAMP: &str = "x-twilio-email-event-webhook-timestamp";

pub fn accept(channel: &Channel, webhook: &Webhook) -> Result<Acceptance, Rejection> {
    let key = channel.settings::<Settings>()?.event_public_key();
    if is_form(webhook) || key.is_none() && webhook.header(SIGNATURE).is_none() {
        return match webhook.query("token") {
            Some(token) if host::matches(&token, INBOUND_TOKEN) => Ok(Acceptance::keep()),
            _ => Err(Rejection::unauthentic("the address's token is missing or wrong")),
        };
    }
    match key {
        Some(key) if is_signed(webhook, &key) => Ok(Acceptance::keep()),
        Some(_) => Err(Rejection::unauthentic("the signature is missing or wrong")),
        None => Err(Rejection::unauthentic("events are signed and the channel has no eventPublicKey; set it")),
    }
}

/// Mails are posted as forms, events as JSON.
pub fn is_form(webhook: &Webhook) -> bool {
    let content_type = webhook.header("content-type").unwrap_or_default().trim_start().to_ascii_lowercase();
    content_type.starts_with("multipart/") || content_type.starts_with("application/x-www-form-urlencoded")
}

/// Over the timestamp and the body as it came: it usually ends with a line break.
fn is_signed(webhook: &Webhook, key: &str) -> bool {
    let signature = webhook.header(SIGNATURE).and_then(|value| BASE64_STANDARD.decode(value.trim()).ok());
    let (Some(signature), Some(timestamp)) = (signature, webhook.header(TIMESTAMP)) else { return false };
    let signed = [timestamp.as_bytes(), &webhook.body].concat();
    host::verify_ecdsa_p256(key, &signed, &signature)
}
