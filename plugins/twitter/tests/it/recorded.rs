//! With which settings a recorded webhook is read: here natively, and by `plugin-host`, whose tests include this file, through
//! the compiled component.

use serde_json::{Value, json};

/// Type and settings of the channel that the webhook addresses; some address none.
pub fn settings(addresses: &[String]) -> (&'static str, Value) {
    let account = addresses.first().map_or("", String::as_str);
    ("TWITTER", json!({"userId": account, "consumerKey": "key", "accessTokenKey": "token"}))
}
