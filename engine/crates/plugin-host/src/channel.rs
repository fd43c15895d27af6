//! The channel on whose behalf a connector is called, and its secrets, which never enter the sandbox.

use std::{collections::BTreeMap, fmt, sync::Arc};

use patchbay_domain::ChannelId;

#[derive(Clone, Debug)]
pub struct ChannelView {
    pub id: ChannelId,
    pub channel_type: String,
    /// Its public settings, a JSON object.
    pub config: Arc<str>,
    /// The address under which the platform reaches its webhook.
    pub webhook_url: String,
    pub secrets: Arc<SecretMap>,
}

/// Secrets by name. What is printed of them are the names.
#[derive(Clone, Default)]
pub struct SecretMap(BTreeMap<String, String>);

impl SecretMap {
    /// The value, if there is one. An empty value is none.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }
}

impl FromIterator<(String, String)> for SecretMap {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(secrets: I) -> Self {
        Self(secrets.into_iter().collect())
    }
}

impl fmt::Debug for SecretMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_secret_is_none_and_no_value_is_printed() {
        let mut secrets = SecretMap::default();
        secrets.insert("accessToken", "EAAG-secret");
        secrets.insert("appSecret", "");
        assert_eq!(secrets.get("accessToken"), Some("EAAG-secret"));
        assert_eq!(secrets.get("appSecret"), None);
        assert_eq!(secrets.get("other"), None);
        assert_eq!(format!("{secrets:?}"), r#"{"accessToken", "appSecret"}"#);
    }
}
