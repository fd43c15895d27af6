//! With which settings a recorded webhook is read: here natively, and by `plugin-host`, whose tests include this file, through
//! the compiled component.

use serde_json::{Value, json};

pub const SERVER: &str = "https://waha.example.com";

/// Type and settings of the channel.
pub fn settings() -> (&'static str, Value) {
    ("WAHA", json!({"baseUrl": SERVER, "session": "default"}))
}
