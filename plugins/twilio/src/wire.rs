//! What Twilio calls a webhook with: a form, or a query where it was set up as `GET`. Every value is text, and an
//! empty one says as little as one that is missing.

use patchbay_plugin_sdk::Webhook;
use patchbay_plugin_sdk::encoding::decode_form;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Twilio carries nothing of ours but the address that it calls: there stands the engine's identifier of the message.
pub const CORRELATION: &str = "patchbay_message";

/// The fields of one webhook by name; of a repeated one the first value.
#[derive(Debug, Default)]
pub struct Fields(BTreeMap<String, String>);

impl Fields {
    pub fn read(webhook: &Webhook) -> Result<Self, String> {
        let mut fields = BTreeMap::new();
        for (name, value) in pairs(webhook)? {
            fields.entry(name).or_insert(value);
        }
        Ok(Self(fields))
    }

    /// The field's value, unless it is empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// Whether it was sent at all, empty or not.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// `MediaUrl0`, `MediaUrl1` and so on, in the order of their numbers.
    pub fn numbered(&self, prefix: &str) -> Vec<(u64, &str)> {
        let number = |name: &str| name.strip_prefix(prefix)?.parse::<u64>().ok();
        let of_prefix = self.0.range(prefix.to_owned()..).take_while(|(name, _)| name.starts_with(prefix));
        let mut found: Vec<(u64, &str)> = of_prefix
            .filter(|(_, value)| !value.is_empty())
            .filter_map(|(name, value)| Some((number(name)?, value.as_str())))
            .collect();
        found.sort_unstable();
        found
    }

    /// All of it, for what is not understood.
    pub fn json(&self) -> String {
        let fields: Map<String, Value> = self.0.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        Value::Object(fields).to_string()
    }
}

/// Every parameter that came, in order, decoded.
fn pairs(webhook: &Webhook) -> Result<Vec<(String, String)>, String> {
    if webhook.method.eq_ignore_ascii_case("GET") {
        let query = webhook.url.split_once('?').map_or("", |(_, query)| query);
        return Ok(decode_form(query.split('#').next().unwrap_or_default()));
    }
    webhook.form()
}
