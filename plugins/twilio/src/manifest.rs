//! Who this connector is.

use crate::settings::AUTH_TOKEN;
use patchbay_plugin_sdk::manifest::{ConfigSchema, hosts, strings};
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
        // What a WhatsApp sender carries. Senders of SMS differ (a long code one a second, a short code a hundred), and
        // Twilio queues for each of them: a channel that wants to keep its queue here sets its own `limits`.
        limits: vec![RateLimit::per_channel(80, 1000)],
        // A window of 24 hours holds for WhatsApp and not for SMS: sending checks it.
        reply_window_ms: None,
        address_field: Some("from".to_owned()),
        ..Manifest::new("twilio", "Twilio SMS and WhatsApp", env!("CARGO_PKG_VERSION"))
    }
}

fn schema() -> String {
    let account = json!({
        "type": "string",
        "minLength": 1,
        "examples": ["ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
        "description": "The account's SID, or the subaccount's that owns the number",
    });
    ConfigSchema::new()
        .property("accountSid", account)
        .secret(AUTH_TOKEN, "The account's auth token: for requests, and the key with which webhooks are signed")
        .text("from", "The sender: a number with + and country code, a short code or a sender's name")
        .text("messagingServiceSid", "The Messaging Service that chooses the sender; needed where `from` is not set")
        .required(["accountSid", AUTH_TOKEN])
        .build()
}
