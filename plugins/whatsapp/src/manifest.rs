//! Who this connector is.

use crate::errors::NO_MARKETING;
use crate::settings::ACCESS_TOKEN;
use patchbay_plugin_meta::messaging::long_text;
use patchbay_plugin_meta::webhook::{APP_SECRET, VERIFY_TOKEN};
use patchbay_plugin_sdk::manifest::{ConfigSchema, hosts, strings};
use patchbay_plugin_sdk::{Manifest, RateLimit};
use serde_json::json;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

pub fn manifest() -> Manifest {
    Manifest {
        channel_types: strings(["WHATSAPP"]),
        config_schema: schema(),
        // The Graph API itself, and the hosts from which it serves files.
        hosts: hosts(["graph.facebook.com", "*.fbsbx.com", "*.whatsapp.net", "*.fbcdn.net"]),
        capabilities: strings([
            "text",
            "media",
            "location",
            "contacts",
            "reactions",
            "interactive",
            "templates",
            "delivery-status",
            "read-receipts",
            "typing",
            "media-download",
            "echoes",
        ]),
        // 80 messages a second for the number; one in six seconds to one person, of which 45 may come at once.
        limits: vec![RateLimit::per_channel(80, 1000), RateLimit::per_recipient(1, 6000).burst(45)],
        reply_window_ms: Some(DAY_MS),
        address_field: Some("phoneNumberId".to_owned()),
        ..Manifest::new("whatsapp", "WhatsApp Cloud API", env!("CARGO_PKG_VERSION"))
    }
}

fn schema() -> String {
    let phone_number_id =
        json!({"type": "string", "minLength": 1, "description": "The telephone number's id in the Graph API"});
    ConfigSchema::new()
        .property("phoneNumberId", phone_number_id)
        .shared_address("businessAccountId", "The WhatsApp Business Account, for templates and webhook subscriptions")
        .secret(ACCESS_TOKEN, "A system user's access token")
        .secret(APP_SECRET, "The Meta app's secret, with which webhooks are signed; without it none is accepted")
        .secret(VERIFY_TOKEN, "A text of your choice that Meta repeats when the webhook is set up")
        .property(
            "apiVersion",
            json!({"type": "string", "pattern": "^v[0-9]+\\.[0-9]+$", "description": "The Graph API's version, such as v24.0"}),
        )
        .property("longText", long_text())
        // An unknown error.
        .retry_once(["1"])
        .no_advertising([NO_MARKETING])
        .required(["phoneNumberId", ACCESS_TOKEN])
        .build()
}
