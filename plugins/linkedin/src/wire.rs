//! Reading JSON of which any part may be missing or of another shape: nothing here fails.

use patchbay_plugin_sdk::Timestamp;
use serde_json::Value;

/// A part at any depth; null when it is not there.
pub fn at<'a>(value: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().fold(value, |value, name| value.get(name).unwrap_or(&Value::Null))
}

/// A text that is not empty.
pub fn text<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    at(value, path).as_str().filter(|text| !text.is_empty())
}

pub fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    at(value, &[name]).as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The year 9999.
const LATEST: u64 = 253_402_300_799_000;

/// A time, which LinkedIn writes in milliseconds.
pub fn time(value: &Value, path: &[&str]) -> Option<Timestamp> {
    at(value, path).as_u64().filter(|time| (1..=LATEST).contains(time))
}
