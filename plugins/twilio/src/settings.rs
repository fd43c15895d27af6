//! A channel's public settings, and what differs between its two types.

use patchbay_plugin_sdk::{Channel, Failure};
use serde::Deserialize;

/// The secret field with the account's token.
pub const AUTH_TOKEN: &str = "authToken";
/// The secret field with the secret of an API key.
pub const API_KEY_SECRET: &str = "apiKeySecret";

/// What Twilio puts before every address on WhatsApp.
const WHATSAPP: &str = "whatsapp:";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    pub account_sid: String,
    api_key_sid: Option<String>,
    from: Option<String>,
    messaging_service_sid: Option<String>,
}

impl Settings {
    /// With what requests are made, and under which name its secret is kept: an API key, else the account itself.
    pub fn credentials(&self) -> (&str, &'static str) {
        let key = self.api_key_sid.as_deref().map(str::trim).filter(|sid| !sid.is_empty());
        key.map_or((&self.account_sid, AUTH_TOKEN), |sid| (sid, API_KEY_SECRET))
    }

    /// Whether a Messaging Service sends.
    pub fn has_service(&self) -> bool {
        self.messaging_service_sid.as_deref().is_some_and(|sid| !sid.trim().is_empty())
    }

    /// The fields that say who sends. With both, the Messaging Service sends from this one of its senders.
    pub fn sender(&self, medium: Medium) -> Result<Vec<(String, String)>, Failure> {
        let from = self.from.as_deref().map(str::trim).filter(|from| !from.is_empty());
        let service = self.messaging_service_sid.as_deref().map(str::trim).filter(|sid| !sid.is_empty());
        let from = from.map(|from| ("From".to_owned(), medium.address(from)));
        let service = service.map(|sid| ("MessagingServiceSid".to_owned(), sid.to_owned()));
        let fields: Vec<_> = from.into_iter().chain(service).collect();
        if fields.is_empty() {
            return Err(Failure::rejected("the channel has neither from nor messagingServiceSid; set one of them"));
        }
        Ok(fields)
    }

    /// Whether every message of the channel has another sender than this one.
    pub fn sends_only_from_another(&self, sender: &str) -> bool {
        let plain = |text: &str| bare(text).bytes().filter(u8::is_ascii_alphanumeric).collect::<Vec<_>>();
        let own = self.from.as_deref().map(plain).filter(|own| !own.is_empty());
        !self.has_service() && own.is_some_and(|own| !own.eq_ignore_ascii_case(&plain(sender)))
    }
}

/// Over what a channel's messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    Sms,
    WhatsApp,
}

impl Medium {
    pub fn of(channel: &Channel) -> Self {
        if channel.channel_type == "TWILIO_WHATSAPP" { Self::WhatsApp } else { Self::Sms }
    }

    /// Whose addresses look like this. Twilio has further channels, each with a prefix of its own.
    pub fn of_address(address: &str) -> Option<Self> {
        match address.split_once(':') {
            None => Some(Self::Sms),
            Some(_) if address.starts_with(WHATSAPP) => Some(Self::WhatsApp),
            Some(_) => None,
        }
    }

    /// A bare address as Twilio wants it.
    pub fn address(self, bare: &str) -> String {
        match self {
            Self::WhatsApp => format!("{WHATSAPP}{}", self::bare(bare)),
            Self::Sms => bare.to_owned(),
        }
    }
}

/// The address without the prefix of WhatsApp.
pub fn bare(address: &str) -> &str {
    address.strip_prefix(WHATSAPP).unwrap_or(address)
}
