//! Answers to a send, which differ from engine to engine.

use crate::support::{Answer, CONTACT, execute, lost, recorded};
use patchbay_plugin_sdk::testing::{answer, outgoing};
use patchbay_plugin_sdk::{Command, Content, FailureKind, Outcome, Response, TransportError};
use serde_json::json;

fn send(answer: Answer) -> Result<Outcome, patchbay_plugin_sdk::Failure> {
    execute(&Command::Send(outgoing(CONTACT, Content::text("hello"))), [answer]).result
}

#[test]
fn the_three_shapes() {
    for (fixture, id) in [
        ("resp_sendtext_string_id", "3EB0D1"),
        ("resp_sendtext_webjs_raw", "3EB0D2"),
        ("resp_sendtext_noweb_key", "3EB0D3"),
    ] {
        assert_eq!(send(Ok(recorded(fixture))), Ok(Outcome::Sent(vec![id.to_owned()])), "{fixture}");
    }
}

#[test]
fn parts_of_the_shapes() {
    for body in [
        json!({"id": "3EB0"}),
        json!({"id": "true_120363@g.us_3EB0_79222222222@c.us"}),
        json!({"id": {"id": "3EB0", "fromMe": true}}),
        json!({"id": null, "key": {"id": "3EB0"}}),
    ] {
        assert_eq!(send(answer(201, &body)), Ok(Outcome::Sent(vec!["3EB0".to_owned()])), "{body}");
    }
}

#[test]
fn what_cannot_be_read_may_have_been_sent() {
    for body in [json!({}), json!([]), json!(null), json!({"id": ""}), json!({"id": {}}), json!({"key": {"id": 7}})] {
        assert_eq!(send(answer(201, &body)).unwrap_err().kind, FailureKind::Unknown, "{body}");
    }
    let page = Response { status: 200, headers: vec![], body: b"<html>".to_vec(), saved: None };
    assert_eq!(send(Ok(page)).unwrap_err().kind, FailureKind::Unknown);
    assert_eq!(send(lost()).unwrap_err().kind, FailureKind::Unknown);
}

#[test]
fn what_never_left() {
    let never = send(Err(TransportError::NotSent("down".to_owned()))).unwrap_err();
    assert_eq!(never.kind, FailureKind::Temporary);
    let refused = send(Err(TransportError::Refused("host".to_owned()))).unwrap_err();
    assert_eq!(refused.kind, FailureKind::Rejected);
}
