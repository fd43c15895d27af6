//! With which settings a recorded webhook is read: here natively, and by `plugin-host`, whose tests include this file, through
//! the compiled component.

use serde_json::{Value, json};

pub const ACCOUNT: &str = "419561257915477";

/// Type and settings of the channel that the webhook addresses.
pub fn settings(addresses: &[String]) -> (&'static str, Value) {
    ("WHATSAPP", json!({"phoneNumberId": addresses[0], "businessAccountId": ACCOUNT}))
}
