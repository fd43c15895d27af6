//! Who a connector is, and the JSON Schema of its channels' configuration.

mod variant;

use crate::types::{Json, LimitScope, Manifest, RateLimit};
use serde_json::{Map, Value, json};
pub use variant::Variant;

impl Manifest {
    /// The least manifest; the rest is set as fields: `Manifest { capabilities: strings(["text"]), ..Manifest::new(…) }`.
    pub fn new(id: &str, name: &str, version: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            version: version.to_owned(),
            channel_types: Vec::new(),
            config_schema: ConfigSchema::new().build(),
            hosts: hosts([]),
            capabilities: Vec::new(),
            limits: Vec::new(),
            reply_window_ms: None,
            address_field: None,
            poll_every_ms: None,
            oauth2: None,
        }
    }
}

impl RateLimit {
    pub fn per_channel(permits: u32, per_ms: u64) -> Self {
        Self { scope: LimitScope::Channel, permits, per_ms, burst: None }
    }

    pub fn per_recipient(permits: u32, per_ms: u64) -> Self {
        Self { scope: LimitScope::Recipient, permits, per_ms, burst: None }
    }

    #[must_use]
    pub fn burst(self, permits: u32) -> Self {
        Self { burst: Some(permits), ..self }
    }
}

/// The hosts a connector asks to reach, and the one that a channel's `apiBaseUrl` names instead.
pub fn hosts<const N: usize>(hosts: [&str; N]) -> Vec<String> {
    let mut all = strings(hosts);
    all.push("{config.apiBaseUrl}".to_owned());
    all
}

/// Owned strings, as the contract's lists want them.
pub fn strings<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

/// The schema of a channel's configuration. The settings that every connector takes (`apiBaseUrl`, `limits` and
/// `onUnknownOutcome`) are in it from the start; a setting that it does not name is refused.
#[must_use]
pub struct ConfigSchema {
    properties: Map<String, Value>,
    required: Vec<String>,
    oauth2: Option<Map<String, Value>>,
    retry_once: Vec<String>,
    no_advertising: Vec<String>,
    variants: Vec<Value>,
}

/// How a client that has a secret proves itself where tokens are renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// As user and password.
    Basic,
    /// In the form, beside the refresh token.
    Body,
}

impl ClientAuthentication {
    fn word(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Body => "body",
        }
    }
}

impl ConfigSchema {
    #[expect(clippy::new_without_default, reason = "a schema is begun, there is no default one")]
    pub fn new() -> Self {
        Self {
            properties: Map::new(),
            required: Vec::new(),
            oauth2: None,
            retry_once: Vec::new(),
            no_advertising: Vec::new(),
            variants: Vec::new(),
        }
        .url("apiBaseUrl", "Another server that speaks the platform's API, for tests and proxies")
        .property("limits", limits())
        .property("onUnknownOutcome", on_unknown_outcome())
    }

    /// A setting with a schema of its own.
    pub fn property(mut self, name: &str, schema: Value) -> Self {
        self.properties.insert(name.to_owned(), schema);
        self
    }

    pub fn text(self, name: &str, description: &str) -> Self {
        self.property(name, json!({"type": "string", "description": description}))
    }

    /// An `http` or `https` address.
    pub fn url(self, name: &str, description: &str) -> Self {
        self.property(name, json!({"type": "string", "pattern": "^https?://[^/]", "description": description}))
    }

    /// An address that channels share, such as an account's: a webhook for it is given to each of them.
    pub fn shared_address(self, name: &str, description: &str) -> Self {
        self.property(name, json!({"type": "string", "address": true, "description": description}))
    }

    /// A secret: the engine keeps its value, the connector knows its name.
    pub fn secret(self, name: &str, description: &str) -> Self {
        self.property(name, json!({"type": "string", "writeOnly": true, "description": description}))
    }

    /// What the engine needs to renew tokens beyond what [`Manifest::oauth2`] says: how the client proves itself, and
    /// how long an access token lives where the platform does not say so with it.
    pub fn oauth2(mut self, client: ClientAuthentication, lifetime_ms: Option<u64>) -> Self {
        let mut details = Map::from_iter([("clientAuthentication".to_owned(), client.word().into())]);
        details.extend(lifetime_ms.map(|lifetime| ("lifetimeMs".to_owned(), lifetime.into())));
        self.oauth2 = Some(details);
        self
    }

    /// After how many days what people write is deleted, unless a channel says otherwise: the platform's own period.
    /// Every channel may set `retentionDays`; a connector names it to have it set from the start.
    pub fn retention_days(self, default: u32) -> Self {
        self.property(
            "retentionDays",
            json!({
                "type": "integer",
                "minimum": 1,
                "maximum": 36500,
                "default": default,
                "description": "After how many days what people wrote is deleted; tickets and their timings stay",
            }),
        )
    }

    /// The platform's codes of temporary failures that are worth one more try and no second one.
    pub fn retry_once<const N: usize>(mut self, codes: [&str; N]) -> Self {
        self.retry_once.extend(strings(codes));
        self
    }

    /// The platform's codes of failures (`blocked`) of a contact who wants no advertising: they stay reachable for
    /// everything else.
    pub fn no_advertising<const N: usize>(mut self, codes: [&str; N]) -> Self {
        self.no_advertising.extend(strings(codes));
        self
    }

    /// What holds for some channels instead of what the manifest says; the last one that fits counts.
    pub fn variant(mut self, variant: Variant) -> Self {
        self.variants.push(variant.into_value());
        self
    }

    /// Which settings a channel cannot do without.
    pub fn required<const N: usize>(mut self, names: [&str; N]) -> Self {
        self.required.extend(strings(names));
        self
    }

    pub fn build(self) -> Json {
        let schema = [
            ("$schema", json!("https://json-schema.org/draft/2020-12/schema")),
            ("type", json!("object")),
            ("properties", self.properties.into()),
            ("required", json!(self.required)),
            ("additionalProperties", json!(false)),
        ];
        let sending = [
            ("retryOnce", json!(self.retry_once)),
            ("noAdvertising", json!(self.no_advertising)),
            ("variants", json!(self.variants)),
        ];
        let said = sending.into_iter().filter(|(_, list)| list.as_array().is_some_and(|list| !list.is_empty()));
        let said: Map<String, Value> = said.map(|(name, list)| (name.to_owned(), list)).collect();
        let sending = (!said.is_empty()).then(|| ("sending", said.into()));
        let oauth2 = self.oauth2.map(|details| ("oauth2", details.into()));
        let schema = schema.into_iter().chain(oauth2).chain(sending);
        Value::Object(schema.map(|(name, part)| (name.to_owned(), part)).collect()).to_string()
    }
}

fn limits() -> Value {
    json!({
        "type": "array",
        "description": "Limits of this channel, instead of the platform's published ones",
        "items": {
            "type": "object",
            "properties": {
                "scope": {"enum": ["channel", "recipient"]},
                "permits": {"type": "integer", "minimum": 1, "maximum": u32::MAX},
                "perMs": {"type": "integer", "minimum": 1},
                "burst": {"type": ["integer", "null"], "minimum": 1, "maximum": u32::MAX},
            },
            "required": ["scope", "permits", "perMs"],
            "additionalProperties": false,
        },
    })
}

fn on_unknown_outcome() -> Value {
    json!({
        "enum": ["hold", "resend"],
        "default": "hold",
        "description": "What to do with a message that may have been sent: hold it for a person, or send it again",
    })
}

#[cfg(test)]
mod tests {
    use super::{ClientAuthentication, ConfigSchema, hosts};
    use serde_json::{Value, json};

    #[test]
    fn a_schema_has_the_common_settings_and_marks_secrets() {
        let schema =
            ConfigSchema::new().secret("token", "The token").text("page", "The page").required(["token"]).build();
        let schema: Value = serde_json::from_str(&schema).unwrap();
        let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["apiBaseUrl", "limits", "onUnknownOutcome", "page", "token"]);
        assert_eq!(schema["properties"]["token"]["writeOnly"], json!(true));
        assert_eq!(schema["properties"]["page"].get("writeOnly"), None);
        assert_eq!(schema["required"], json!(["token"]));
    }

    #[test]
    fn how_tokens_are_renewed_is_said_only_where_they_are() {
        let read = |schema: String| serde_json::from_str::<Value>(&schema).unwrap();
        assert_eq!(read(ConfigSchema::new().build()).get("oauth2"), None);
        let schema = read(ConfigSchema::new().oauth2(ClientAuthentication::Body, Some(7_200_000)).build());
        assert_eq!(schema["oauth2"], json!({"clientAuthentication": "body", "lifetimeMs": 7_200_000}));
        let schema = read(ConfigSchema::new().oauth2(ClientAuthentication::Basic, None).build());
        assert_eq!(schema["oauth2"], json!({"clientAuthentication": "basic"}));
    }

    #[test]
    fn every_connector_may_be_pointed_at_another_server() {
        assert_eq!(hosts(["api.example"]), ["api.example", "{config.apiBaseUrl}"]);
    }
}
