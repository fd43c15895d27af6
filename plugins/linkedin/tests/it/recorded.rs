//! With which settings a recorded webhook is read: here natively, and by `plugin-host`, whose tests include this file, through
//! the compiled component.

use serde_json::{Value, json};

pub const PAGE: &str = "urn:li:organization:5637409";

/// Type and settings of the channel.
pub fn settings() -> (&'static str, Value) {
    ("LINKEDIN", json!({"organization": PAGE}))
}
