//! What a sender may set of Twilio's own options, in a message's metadata and under Twilio's names in camel case.

use patchbay_plugin_sdk::Failure;
use serde_json::{Map, Value};

const OPTIONS: [(&str, &str); 10] = [
    ("validityPeriod", "ValidityPeriod"),
    ("smartEncoded", "SmartEncoded"),
    ("shortenUrls", "ShortenUrls"),
    ("sendAsMms", "SendAsMms"),
    ("riskCheck", "RiskCheck"),
    ("attempt", "Attempt"),
    ("provideFeedback", "ProvideFeedback"),
    ("addressRetention", "AddressRetention"),
    ("contentRetention", "ContentRetention"),
    ("fallbackFrom", "FallbackFrom"),
];

/// Seconds that a message may wait in Twilio's queue.
const VALIDITY: std::ops::RangeInclusive<u64> = 1..=36_000;

/// `has_service` says that a Messaging Service sends, which alone can send later.
pub fn fields(metadata: &str, has_service: bool) -> Result<Vec<(String, String)>, Failure> {
    let metadata: Map<String, Value> = serde_json::from_str(metadata).unwrap_or_default();
    if metadata.get("validityPeriod").is_some_and(|wait| !wait.as_u64().is_some_and(|wait| VALIDITY.contains(&wait))) {
        return Err(Failure::rejected("validityPeriod must be a number of seconds from 1 to 36000"));
    }
    let field = |(option, field): &(&str, &str)| {
        let value = match metadata.get(*option)? {
            Value::String(text) => text.clone(),
            value @ (Value::Number(_) | Value::Bool(_)) => value.to_string(),
            _ => return None,
        };
        Some(((*field).to_owned(), value))
    };
    let mut fields: Vec<_> = OPTIONS.iter().filter_map(field).collect();
    if let Some(time) = metadata.get("sendAt").and_then(Value::as_str) {
        if !has_service {
            return Err(Failure::rejected("sendAt needs a channel with a messagingServiceSid: only that sends later"));
        }
        fields.extend(
            [("ScheduleType", "fixed"), ("SendAt", time)].map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
    }
    Ok(fields)
}
