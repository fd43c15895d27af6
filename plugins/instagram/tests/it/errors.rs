//! What refusals mean; every documented code is tried in `patchbay-plugin-meta`.

use crate::support::{fixture, refused};
use patchbay_plugin_sdk::FailureKind::{OutsideWindow, RateLimited, Unauthorized, Unreachable};
use patchbay_plugin_sdk::testing::answer;
use serde_json::json;

#[test]
fn recorded_refusals() {
    let recorded = |name: &str| refused(Ok(fixture(name).response()));
    assert_eq!(recorded("resp_err_10_2534022").kind, OutsideWindow);
    assert_eq!(recorded("resp_err_613_2534040").kind, RateLimited);
}

#[test]
fn what_only_instagram_refuses() {
    let kind = |code: i64, subcode: i64| {
        refused(answer(400, &json!({"error": {"message": "m", "code": code, "error_subcode": subcode}}))).kind
    };
    assert_eq!(kind(100, 2_534_014), Unreachable);
    assert_eq!(kind(200, 2_534_041), Unauthorized);
}
