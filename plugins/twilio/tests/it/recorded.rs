//! With which settings a recorded webhook is read: here natively, and by `plugin-host`, whose tests include this file, through
//! the compiled component.

use serde_json::{Value, json};

pub const ACCOUNT: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Type and settings of the channel that the webhook addresses.
pub fn settings(addresses: &[String]) -> (&'static str, Value) {
    let is_whatsapp = addresses[0].starts_with("whatsapp:");
    let (channel_type, from) =
        if is_whatsapp { ("TWILIO_WHATSAPP", "+14155238886") } else { ("TWILIO_SMS", "+15017122661") };
    (channel_type, json!({"accountSid": ACCOUNT, "from": from}))
}
