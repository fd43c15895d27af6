//! What refusals and lost answers mean; every documented code is tried in `patchbay-plugin-meta`.

use crate::support::{Answer, CONTACT, execute, fixture};
use patchbay_plugin_sdk::FailureKind::{OutsideWindow, RateLimited, Temporary, Unauthorized, Unknown, Unreachable};
use patchbay_plugin_sdk::testing::{answer, outgoing};
use patchbay_plugin_sdk::{Command, Content, Failure, Response, TransportError};
use serde_json::json;

fn send(answer: Answer) -> Failure {
    execute(&Command::Send(outgoing(CONTACT, Content::text("hello"))), [answer]).result.unwrap_err()
}

#[test]
fn recorded_refusals() {
    let recorded = |name: &str| send(Ok(fixture(name).response()));
    assert_eq!(recorded("resp_err_10_2534022").kind, OutsideWindow);
    assert_eq!(recorded("resp_err_613_2534040").kind, RateLimited);
}

#[test]
fn what_only_instagram_refuses() {
    let refused = |code: i64, subcode: i64| {
        send(answer(400, &json!({"error": {"message": "m", "code": code, "error_subcode": subcode}}))).kind
    };
    assert_eq!(refused(100, 2_534_014), Unreachable);
    assert_eq!(refused(200, 2_534_041), Unauthorized);
}

#[test]
fn a_lost_answer_leaves_open_what_happened() {
    assert_eq!(send(Err(TransportError::Unknown("cut".to_owned()))).kind, Unknown);
    assert_eq!(send(Err(TransportError::NotSent("refused".to_owned()))).kind, Temporary);
    assert_eq!(send(answer(503, &json!({}))).kind, Unknown);
    assert_eq!(send(answer(200, &json!({"recipient_id": CONTACT}))).kind, Unknown);
    let page = Response { status: 200, headers: Vec::new(), body: b"<html>".to_vec(), saved: None };
    assert_eq!(send(Ok(page)).kind, Unknown);
}
