//! What a connector says of itself.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The setting of a channel that says after how many days the content of its messages is deleted.
pub const RETENTION: &str = "retentionDays";
/// The setting of a channel that, when false, has nobody told there that a message was read or that somebody types.
pub const READ_RECEIPTS: &str = "readReceipts";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub id: String,
    pub name: String,
    pub version: String,
    pub channel_types: Vec<String>,
    pub config_schema: Value,
    pub hosts: Vec<String>,
    pub capabilities: Vec<String>,
    pub limits: Vec<RateLimit>,
    pub reply_window_ms: Option<u64>,
    pub address_field: Option<String>,
    pub poll_every_ms: Option<u64>,
    pub oauth2: Option<OAuth2>,
}

impl Manifest {
    #[must_use]
    pub fn can(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|known| known == capability)
    }

    /// Settings that hold an address which a channel shares with others, such as an account's: those that the schema
    /// marks with `"address": true`.
    pub fn shared_address_fields(&self) -> impl Iterator<Item = &str> {
        let fields = self.config_schema.get("properties").and_then(Value::as_object);
        let is_address = |schema: &Value| schema.get("address").and_then(Value::as_bool) == Some(true);
        fields.into_iter().flatten().filter(move |(_, schema)| is_address(schema)).map(|(name, _)| name.as_str())
    }

    /// Whether everybody can read what is written on its channels.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.can("public")
    }

    /// After how many days the content of a channel's messages is deleted: what the channel says, else the default of
    /// the connector's schema. `None`: never.
    #[must_use]
    pub fn retention_days(&self, config: &Value) -> Option<u32> {
        let days = |value: &Value| value.as_u64().and_then(|days| u32::try_from(days).ok()).filter(|days| *days > 0);
        let default = self.config_schema.pointer("/properties/retentionDays/default");
        config.get(RETENTION).map_or_else(|| default.and_then(days), days)
    }

    /// Whether the platform can be told where a channel's webhook is.
    #[must_use]
    pub fn registers_webhooks(&self) -> bool {
        self.can("webhook-registration")
    }

    /// Whether its channels are looked after when nothing arrives: their sessions, their tokens, their webhooks, or
    /// what has to be fetched.
    #[must_use]
    pub fn needs_tending(&self) -> bool {
        let fetches = self.can("catch-up") || self.poll_every_ms.is_some();
        fetches || self.can("sessions") || self.registers_webhooks() || self.oauth2.is_some()
    }
}

/// How the tokens of a connector's channels are renewed, and under which names they are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OAuth2 {
    pub token_url: String,
    pub client_id_field: String,
    pub client_secret: String,
    pub access_token: String,
    pub refresh_token: String,
    /// What the schema says besides, under [`OAuth2::SCHEMA_KEYWORD`].
    pub details: OAuth2Details,
}

impl OAuth2 {
    pub const SCHEMA_KEYWORD: &str = "oauth2";
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct OAuth2Details {
    pub client_authentication: ClientAuthentication,
    /// How long an access token lives, where the platform does not say so with it.
    pub lifetime_ms: Option<u64>,
}

/// How a client that has a secret proves itself where tokens are renewed (RFC 6749, section 2.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientAuthentication {
    /// As user and password.
    #[default]
    Basic,
    /// In the form, beside the refresh token.
    Body,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateLimit {
    pub scope: LimitScope,
    pub permits: u32,
    pub per_ms: u64,
    #[serde(default)]
    pub burst: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitScope {
    Channel,
    Recipient,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest(schema: Value) -> Manifest {
        Manifest {
            id: "test".into(),
            name: "Test".into(),
            version: "0.1.0".into(),
            channel_types: vec!["TEST".into()],
            config_schema: schema,
            hosts: vec![],
            capabilities: vec!["public".into()],
            limits: vec![],
            reply_window_ms: None,
            address_field: None,
            poll_every_ms: None,
            oauth2: None,
        }
    }

    #[test]
    fn the_period_is_the_channels_own_or_the_default() {
        let with = manifest(json!({"properties": {"retentionDays": {"default": 2}}}));
        let without = manifest(json!({"properties": {}}));
        assert!(with.is_public());
        assert_eq!((with.retention_days(&json!({})), without.retention_days(&json!({}))), (Some(2), None));
        for manifest in [with, without] {
            assert_eq!(manifest.retention_days(&json!({"retentionDays": 30})), Some(30));
            assert_eq!(manifest.retention_days(&json!({"retentionDays": 0})), None);
        }
    }
}
