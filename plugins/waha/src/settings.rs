//! A channel's public settings, and the names of its secrets.

use serde::Deserialize;

/// The secret field with the key to WAHA's API.
pub const API_KEY: &str = "apiKey";
/// The secret field with the key that signs webhooks.
pub const HMAC_KEY: &str = "hmacKey";

/// What WAHA calls the session that it makes by itself.
const DEFAULT_SESSION: &str = "default";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    #[serde(default)]
    pub base_url: String,
    #[serde(default = "default_session")]
    pub session: String,
}

fn default_session() -> String {
    DEFAULT_SESSION.to_owned()
}
