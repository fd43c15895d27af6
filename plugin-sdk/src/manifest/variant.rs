//! What differs between the channels of one connector.

use crate::types::{LimitScope, RateLimit};
use serde_json::{Map, Value, json};

/// What holds for some of a connector's channels instead of what its manifest says: see [`super::ConfigSchema::variant`].
#[must_use]
#[derive(Debug, Default)]
pub struct Variant(Map<String, Value>);

impl Variant {
    /// Channels of this type.
    pub fn of_type(channel_type: &str) -> Self {
        Self(Map::from_iter([("channelType".to_owned(), channel_type.into())]))
    }

    /// Channels with this value of a setting.
    pub fn of_setting(name: &str, value: impl Into<Value>) -> Self {
        Self(Map::from_iter([("settings".to_owned(), json!({name: value.into()}))]))
    }

    pub fn reply_window(self, milliseconds: u64) -> Self {
        self.with("replyWindowMs", milliseconds.into())
    }

    pub fn limits(self, limits: impl IntoIterator<Item = RateLimit>) -> Self {
        let limit = |RateLimit { scope, permits, per_ms, burst }| {
            let scope = match scope {
                LimitScope::Channel => "channel",
                LimitScope::Recipient => "recipient",
            };
            json!({"scope": scope, "permits": permits, "perMs": per_ms, "burst": burst})
        };
        self.with("limits", limits.into_iter().map(limit).collect())
    }

    pub(super) fn into_value(self) -> Value {
        self.0.into()
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::Variant;
    use crate::manifest::ConfigSchema;
    use crate::types::RateLimit;
    use serde_json::{Value, json};

    #[test]
    fn some_channels_differ() {
        let schema = ConfigSchema::new()
            .retry_once(["409"])
            .variant(Variant::of_type("SMS").limits([RateLimit::per_channel(1, 1000)]))
            .variant(Variant::of_setting("slow", true).reply_window(7));
        let schema: Value = serde_json::from_str(&schema.build()).unwrap();
        let limit = json!({"scope": "channel", "permits": 1, "perMs": 1000, "burst": null});
        let variants = json!([
            {"channelType": "SMS", "limits": [limit]},
            {"settings": {"slow": true}, "replyWindowMs": 7},
        ]);
        assert_eq!(schema["sending"], json!({"retryOnce": ["409"], "variants": variants}));
        let plain: Value = serde_json::from_str(&ConfigSchema::new().build()).unwrap();
        assert_eq!(plain.get("sending"), None);
    }
}
