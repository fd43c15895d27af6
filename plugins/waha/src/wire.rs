//! Reading JSON of which any part may be missing or of another shape: nothing here fails.

use serde_json::Value;

/// A part at any depth; null when it is not there.
pub fn at<'a>(value: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().fold(value, |value, name| value.get(name).unwrap_or(&Value::Null))
}

/// A text that is not empty.
pub fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    text_at(value, &[name])
}

/// As [`text`], at any depth.
pub fn text_at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    at(value, path).as_str().filter(|text| !text.is_empty())
}

/// A number, or a text of one.
pub fn number(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    number.filter(|number| number.is_finite())
}

pub fn flag(value: &Value, name: &str) -> bool {
    at(value, &[name]).as_bool() == Some(true)
}

pub fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    at(value, &[name]).as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Later than any time in seconds, earlier than any in milliseconds that WhatsApp has seen.
const MILLISECONDS: f64 = 1e11;
/// The year 9999.
const LATEST: f64 = 253_402_300_799_000.0;

/// A time in milliseconds. WAHA writes seconds, with or without a fraction, and in some places milliseconds.
pub fn time(value: &Value) -> Option<u64> {
    let number = number(value).filter(|number| *number > 0.0)?;
    let milliseconds = if number < MILLISECONDS { number * 1000.0 } else { number };
    // There is no checked conversion of a float, but there is one of its digits.
    (milliseconds <= LATEST).then(|| format!("{milliseconds:.0}").parse().ok()).flatten()
}
