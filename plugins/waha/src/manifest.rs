//! Who this connector is.

use crate::settings::{API_KEY, HMAC_KEY};
use patchbay_plugin_sdk::Manifest;
use patchbay_plugin_sdk::manifest::{ConfigSchema, hosts, strings};
use serde_json::json;

/// How often to ask for what no webhook told.
const CATCH_UP_EVERY_MS: u64 = 5 * 60 * 1000;

/// There are no limits: WAHA has none, and WhatsApp publishes none for a linked phone.
pub fn manifest() -> Manifest {
    Manifest {
        channel_types: strings(["WAHA"]),
        config_schema: schema(),
        hosts: hosts(["{config.baseUrl}"]),
        capabilities: strings([
            "text",
            "media",
            "location",
            "contacts",
            "reactions",
            "interactive",
            "edits",
            "deletes",
            "delivery-status",
            "read-receipts",
            "typing",
            "profiles",
            "sessions",
            "qr",
            "pairing-code",
            "media-download",
            "echoes",
            "catch-up",
            "webhook-registration",
        ]),
        address_field: Some("session".to_owned()),
        poll_every_ms: Some(CATCH_UP_EVERY_MS),
        ..Manifest::new("waha", "WhatsApp through WAHA", env!("CARGO_PKG_VERSION"))
    }
}

fn schema() -> String {
    let session = json!({"type": "string", "minLength": 1, "description": "The session's name in WAHA"});
    ConfigSchema::new()
        .url("baseUrl", "Where the WAHA server is, such as https://waha.example.com")
        .property("session", session)
        .secret(API_KEY, "The key that WAHA takes in X-Api-Key")
        .secret(
            HMAC_KEY,
            "The key with which WAHA signs the session's webhooks: WAHA is told it, and without it none is accepted",
        )
        .required(["baseUrl", "session", API_KEY])
        .build()
}
