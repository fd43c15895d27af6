//! Who this connector is.

use crate::outbound::WINDOW_MS;
use crate::settings::{API_KEY_SECRET, AUTH_TOKEN};
use patchbay_plugin_sdk::manifest::{ConfigSchema, Variant, hosts, strings};
use patchbay_plugin_sdk::{Manifest, RateLimit};
use serde_json::json;

pub fn manifest() -> Manifest {
    Manifest {
        channel_types: strings(["TWILIO_WHATSAPP", "TWILIO_SMS"]),
        config_schema: schema(),
        // The APIs, and the hosts to which a file's address redirects.
        hosts: hosts([
            "api.twilio.com",
            "content.twilio.com",
            "messaging.twilio.com",
            "*.twiliocdn.com",
            "s3-external-1.amazonaws.com",
        ]),
        capabilities: strings([
            "text",
            "media",
            "location",
            "templates",
            "delivery-status",
            "read-receipts",
            "typing",
            "media-download",
        ]),
        // What a WhatsApp sender carries; the schema has what differs for SMS.
        limits: vec![RateLimit::per_channel(80, 1000)],
        address_field: Some("from".to_owned()),
        ..Manifest::new("twilio", "Twilio SMS and WhatsApp", env!("CARGO_PKG_VERSION"))
    }
}

fn schema() -> String {
    let account = json!({
        "type": "string",
        "minLength": 1,
        "address": true,
        "examples": ["ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
        "description": "The account's SID, or the subaccount's that owns the number",
    });
    ConfigSchema::new()
        .property("accountSid", account)
        .secret(AUTH_TOKEN, "The account's auth token: for requests, and the key with which webhooks are signed")
        .text(
            "apiKeySid",
            "An API key's SID, for requests in place of the auth token, which webhooks are signed with still",
        )
        .secret(API_KEY_SECRET, "The secret of that API key")
        .text("from", "The sender: a number with + and country code, a short code or a sender's name")
        .shared_address(
            "messagingServiceSid",
            "The Messaging Service that chooses the sender; needed where `from` is not set",
        )
        // A long code carries one message a second. Short codes and services with many senders carry more: such a channel
        // sets its own `limits`.
        .variant(Variant::of_type("TWILIO_SMS").limits([RateLimit::per_channel(1, 1000)]))
        .variant(Variant::of_type("TWILIO_WHATSAPP").reply_window(WINDOW_MS))
        .retry_once(["30008", "30410"])
        .required(["accountSid", AUTH_TOKEN])
        .build()
}
