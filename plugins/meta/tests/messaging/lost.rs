//! What an answer means that is lost or says nothing.

use crate::support::{CONTACT, refused};
use patchbay_plugin_sdk::FailureKind::{Temporary, Unknown};
use patchbay_plugin_sdk::testing::answer;
use patchbay_plugin_sdk::{Response, TransportError};
use serde_json::json;

#[test]
fn a_lost_answer_leaves_open_what_happened() {
    assert_eq!(refused(Err(TransportError::Unknown("cut".to_owned()))).kind, Unknown);
    assert_eq!(refused(Err(TransportError::NotSent("refused".to_owned()))).kind, Temporary);
    assert_eq!(refused(answer(503, &json!({}))).kind, Unknown);
    assert_eq!(refused(answer(200, &json!({"recipient_id": CONTACT}))).kind, Unknown);
    let page = Response { status: 200, headers: Vec::new(), body: b"<html>".to_vec(), saved: None };
    assert_eq!(refused(Ok(page)).kind, Unknown);
}
