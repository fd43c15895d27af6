//! Messages whose answer was lost: X is asked whether they were sent.

use crate::support::{ACCOUNT, Answer, CONTACT, execute, failure, lost, paths};
use patchbay_plugin_sdk::testing::{NOW, answer, outgoing};
use patchbay_plugin_sdk::{Command, Content, FailureKind, Outcome, Outgoing, TransportError};
use serde_json::{Value, json};

fn send() -> Command {
    Command::Send(outgoing(CONTACT, Content::text("See https://shop.example now")))
}

fn listed(fields: Value) -> Answer {
    let event = json!({"id": "55", "event_type": "MessageCreate", "sender_id": ACCOUNT,
        "text": "See https://t.co/abc now", "created_at": "2025-06-08T18:39:43.000Z"});
    let other = json!({"id": "56", "sender_id": CONTACT, "text": "Hello", "created_at": "2025-06-08T18:39:44.000Z"});
    answer(200, &json!({"data": [other, crate::support::with(event, fields)]}))
}

#[test]
fn a_message_that_is_listed_was_sent() {
    for unclear in
        [lost(), answer(500, &json!({})), answer(503, &json!({"errors": [{"code": 130}]})), answer(408, &json!({}))]
    {
        let run = execute(&send(), [unclear, listed(json!({}))]);
        assert_eq!(run.result, Ok(Outcome::Sent(vec!["55".to_owned()])));
        assert!(paths(&run)[1].starts_with("/2/dm_conversations/with/3001969357/dm_events?max_results=10&"));
        assert!(run.requests[1].idempotent);
    }
}

#[test]
fn one_that_is_not_listed_may_still_have_been_sent() {
    assert_eq!(NOW, 1_749_407_983_000);
    for other in [
        json!({"text": "Something else"}),
        json!({"sender_id": CONTACT}),
        json!({"created_at": "2025-06-08T18:39:30.000Z"}),
        json!({"created_at": null}),
        json!({"attachments": {"media_keys": ["3_1"]}}),
    ] {
        let failed = failure(&send(), [lost(), listed(other)]);
        assert_eq!(failed.kind, FailureKind::Unknown);
        assert!(failed.message.ends_with("X lists no such message"), "{}", failed.message);
    }
    for unreadable in [lost(), answer(429, &json!({})), answer(200, &json!(7)), answer(401, &json!({}))] {
        assert_eq!(failure(&send(), [lost(), unreadable]).kind, FailureKind::Unknown);
    }
}

#[test]
fn a_group_is_answered_on_x() {
    let group = Outgoing { thread: "g77".to_owned(), ..outgoing("7", Content::text("x")) };
    assert_eq!(failure(&Command::Send(group), []).kind, FailureKind::Unsupported);
}

#[test]
fn what_never_left() {
    let never = failure(&send(), [Err(TransportError::NotSent("down".to_owned()))]);
    assert_eq!(never.kind, FailureKind::Temporary);
    let refused = failure(&send(), [Err(TransportError::Refused("host".to_owned()))]);
    assert_eq!(refused.kind, FailureKind::Rejected);
}
