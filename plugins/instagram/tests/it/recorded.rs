//! With which settings a recorded webhook is read: here natively, and by `plugin-host`, whose tests include this file, through
//! the compiled component.

use serde_json::{Value, json};

pub const OWN: &str = "17841405822304914";

/// Type and settings of the channel.
pub fn settings() -> (&'static str, Value) {
    ("INSTAGRAM", json!({"instagramAccountId": OWN, "facebookPageId": "682498302938465"}))
}
