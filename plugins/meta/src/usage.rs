//! When an application that used up its allowance may come back. No Graph answer carries `Retry-After`; two headers
//! hold JSON with `estimated_time_to_regain_access` in minutes.

use patchbay_plugin_sdk::Response;
use serde_json::Value;

const HEADERS: [&str; 2] = ["x-business-use-case-usage", "x-app-usage"];
const FIELD: &str = "estimated_time_to_regain_access";
const MINUTE: u64 = 60_000;

/// The longest wait that an answer names, in milliseconds; nothing when it names none.
pub fn regain_access_ms(response: &Response) -> Option<u64> {
    let headers = HEADERS.iter().filter_map(|name| response.header(name));
    let minutes = headers.filter_map(|json| longest(&serde_json::from_str(json).ok()?)).max()?;
    minutes.checked_mul(MINUTE).filter(|wait| *wait > 0)
}

/// The field stands at the top, or per business account in a list of use cases.
fn longest(usage: &Value) -> Option<u64> {
    match usage {
        Value::Object(fields) => {
            let own = fields.get(FIELD).and_then(Value::as_u64);
            fields.values().filter_map(longest).chain(own).max()
        }
        Value::Array(items) => items.iter().filter_map(longest).max(),
        _ => None,
    }
}
