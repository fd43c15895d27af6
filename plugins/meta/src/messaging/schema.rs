//! The settings that channels of both products have.

use super::outbound::HUMAN_AGENT_MS;
use crate::webhook::{APP_SECRET, VERIFY_TOKEN};
use patchbay_plugin_sdk::manifest::ConfigSchema;
use serde_json::json;

/// People may answer for so long after a contact's last message.
pub const REPLY_WINDOW_MS: u64 = HUMAN_AGENT_MS;

pub fn schema(access_token: &str) -> ConfigSchema {
    ConfigSchema::new()
        .text("appId", "The Meta app's id")
        .text("webhookUrl", "Where Meta was told to call, for people to read; it is not used")
        .secret(access_token, "The access token with which messages are sent")
        .secret(APP_SECRET, "The Meta app's secret, with which webhooks are signed; without it none is accepted")
        .secret(VERIFY_TOKEN, "A text of your choice that Meta repeats when the webhook is set up")
        .property(
            "apiVersion",
            json!({"type": "string", "pattern": "^v[0-9]+\\.[0-9]+$", "description": "The Graph API's version, such as v24.0"}),
        )
        .property(
            "longText",
            json!({"enum": ["split", "refuse"], "description": "What becomes of a text that is too long for one message: several messages, or a refusal"}),
        )
        .property(
            "humanAgent",
            json!({"type": "boolean", "description": "Whether answers go out for seven days as those of a person, which Meta has to approve; otherwise for 24 hours. On unless set to false"}),
        )
}
