//! A channel's configuration as a type of the connector's.

use crate::types::{Channel, Failure, Rejection};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

/// The last configuration that was read as some type, with the text it was read from.
struct Cached {
    text: String,
    value: Rc<dyn Any>,
}

thread_local! {
    static CACHE: RefCell<BTreeMap<TypeId, Cached>> = RefCell::default();
}

/// The configuration does not have the shape that the connector expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(String);

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the channel's configuration cannot be used: {}", self.0)
    }
}

impl std::error::Error for ConfigError {}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::rejected(error.to_string())
    }
}

impl From<ConfigError> for Rejection {
    fn from(error: ConfigError) -> Self {
        Self::malformed(error.to_string())
    }
}

impl From<ConfigError> for String {
    fn from(error: ConfigError) -> Self {
        error.to_string()
    }
}

impl Channel {
    /// The public settings as `T`. The same text is parsed once per thread and type, not once per call.
    pub fn settings<T: DeserializeOwned + 'static>(&self) -> Result<Rc<T>, ConfigError> {
        let known = CACHE.with_borrow(|cache| {
            let cached = cache.get(&TypeId::of::<T>()).filter(|cached| cached.text == self.config)?;
            Rc::downcast(Rc::clone(&cached.value)).ok()
        });
        if let Some(value) = known {
            return Ok(value);
        }
        let value: Rc<T> = Rc::new(serde_json::from_str(&self.config).map_err(|error| ConfigError(error.to_string()))?);
        let cached = Cached { text: self.config.clone(), value: value.clone() };
        CACHE.with_borrow_mut(|cache| cache.insert(TypeId::of::<T>(), cached));
        Ok(value)
    }

    /// Where the platform's API is: the channel's `apiBaseUrl`, else the platform's own address; no slash at the end.
    pub fn api_base_url(&self, default: &str) -> Result<String, ConfigError> {
        let common = self.settings::<CommonSettings>()?;
        let base = common.api_base_url.as_deref().unwrap_or(default);
        Ok(base.trim_end_matches('/').to_owned())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommonSettings {
    api_base_url: Option<String>,
}

#[cfg(test)]
mod tests {
    use crate::testing;
    use serde::Deserialize;
    use serde_json::json;
    use std::rc::Rc;

    #[derive(Deserialize)]
    struct Settings {
        page: String,
    }

    #[test]
    fn the_same_configuration_is_parsed_once() {
        let channel = testing::channel("TEST", &json!({"page": "1"}));
        let first = channel.settings::<Settings>().unwrap();
        let second = channel.settings::<Settings>().unwrap();
        assert!(Rc::ptr_eq(&first, &second));
        assert_eq!(testing::channel("TEST", &json!({"page": "2"})).settings::<Settings>().unwrap().page, "2");
    }

    #[test]
    fn an_unfit_configuration_is_an_error_that_names_the_field() {
        let channel = testing::channel("TEST", &json!({}));
        let error = channel.settings::<Settings>().map(drop).unwrap_err();
        assert!(error.to_string().contains("`page`"), "{error}");
    }

    #[test]
    fn the_api_base_url_replaces_the_platforms_own() {
        let plain = testing::channel("TEST", &json!({}));
        assert_eq!(plain.api_base_url("https://graph.example").unwrap(), "https://graph.example");
        let pointed = testing::channel("TEST", &json!({"apiBaseUrl": "http://127.0.0.1:9/v1/"}));
        assert_eq!(pointed.api_base_url("https://graph.example").unwrap(), "http://127.0.0.1:9/v1");
    }
}
