//! The settings that channels of both products have.

use super::outbound::{DAY_MS, HUMAN_AGENT_MS};
use crate::webhook::{APP_SECRET, VERIFY_TOKEN};
use patchbay_plugin_sdk::manifest::{ConfigSchema, Variant};
use serde_json::{Value, json};

/// People may answer for so long after a contact's last message.
pub const REPLY_WINDOW_MS: u64 = HUMAN_AGENT_MS;

pub fn schema(access_token: &str) -> ConfigSchema {
    // A file that the platform could not fetch is asked for once more.
    ConfigSchema::new()
        .retry_once(["100-2018008", "100-2018294"])
        .variant(Variant::of_setting("humanAgent", false).reply_window(DAY_MS))
        .text("appId", "The Meta app's id")
        .text("webhookUrl", "Where Meta was told to call, for people to read; it is not used")
        .secret(access_token, "The access token with which messages are sent")
        .secret(APP_SECRET, "The Meta app's secret, with which webhooks are signed; without it none is accepted")
        .secret(VERIFY_TOKEN, "A text of your choice that Meta repeats when the webhook is set up")
        .property(
            "apiVersion",
            json!({"type": "string", "pattern": "^v[0-9]+\\.[0-9]+$", "description": "The Graph API's version, such as v24.0"}),
        )
        .property("longText", long_text())
        .property(
            "humanAgent",
            json!({"type": "boolean", "description": "Whether answers go out for seven days as those of a person, which Meta has to approve; otherwise for 24 hours. On unless set to false"}),
        )
}

/// The setting that says what becomes of a long text.
pub fn long_text() -> Value {
    json!({"enum": ["split", "refuse"], "description": "What becomes of a text that is too long for one message: several messages, or a refusal"})
}
