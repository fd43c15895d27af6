//! How long X asks to wait. The tables that it publishes contradict each other, so what its answers say is obeyed: for
//! each window how much is left of it, and when it begins anew.

use patchbay_plugin_sdk::{Response, Timestamp};

/// The window of minutes, and the two of a day.
const WINDOWS: [&str; 3] = ["x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour"];
/// When nothing is said.
const USUAL_MS: u64 = 60_000;
/// Clocks differ.
const LEAST_MS: u64 = 1_000;

/// Until the latest of the windows that are used up begins anew.
pub fn wait_ms(response: &Response, now: Timestamp) -> u64 {
    let number = |window: &str, field: &str| -> Option<u64> {
        response.header(&format!("{window}-{field}"))?.trim().parse().ok()
    };
    let wait = |window: &&str| {
        let reset = number(window, "reset")?.checked_mul(1000)?;
        Some(reset.saturating_sub(now).max(LEAST_MS))
    };
    let used_up = WINDOWS.iter().filter(|window| number(window, "remaining") == Some(0)).filter_map(wait).max();
    let any = || WINDOWS.iter().filter(|window| number(window, "remaining").is_none()).filter_map(wait).max();
    used_up.or_else(any).max(response.retry_after_ms()).unwrap_or(USUAL_MS)
}
