//! A channel's public settings, and where SendGrid's API is for it.

use patchbay_plugin_sdk::config::ConfigError;
use patchbay_plugin_sdk::{Channel, Failure};
use serde::Deserialize;

/// The secret field with the API key.
pub const API_KEY: &str = "apiKey";
/// The secret field with the query parameter that guards inbound mail.
pub const INBOUND_TOKEN: &str = "inboundToken";

const GLOBAL: &str = "https://api.sendgrid.com";
const EUROPE: &str = "https://api.eu.sendgrid.com";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    from_email: Option<String>,
    pub from_name: Option<String>,
    pub reply_to: Option<String>,
    pub default_subject: Option<String>,
    event_public_key: Option<String>,
    region: Option<String>,
}

impl Settings {
    /// The address that the channel sends from.
    pub fn address(&self) -> Option<&str> {
        self.from_email.as_deref().map(str::trim).filter(|address| address.contains('@'))
    }

    pub fn sender(&self) -> Result<&str, Failure> {
        self.address().ok_or_else(|| Failure::rejected("the channel has no fromEmail; set it to send"))
    }

    /// Whether this is that address.
    pub fn is_own(&self, address: &str) -> bool {
        self.address().is_some_and(|own| own.eq_ignore_ascii_case(address.trim()))
    }

    /// The key in base64, also where it was pasted with its PEM frame.
    pub fn event_public_key(&self) -> Option<String> {
        let lines = self.event_public_key.as_deref()?.lines();
        let key: String = lines.map(str::trim).filter(|line| !line.starts_with("-----")).collect();
        (!key.is_empty()).then_some(key)
    }

    pub fn mail_send(&self, channel: &Channel) -> Result<String, ConfigError> {
        let base = if self.region.as_deref() == Some("eu") { EUROPE } else { GLOBAL };
        Ok(format!("{}/v3/mail/send", channel.api_base_url(base)?))
    }
}
