//! What every refusal means: for a send, for what may be done twice, and for what only reads.

use crate::support::{Answer, CONTACT, failure, fixture_folder, recorded, unready};
use patchbay_plugin_sdk::FailureKind::{self, RateLimited, Rejected, Temporary, Unauthorized, Unknown};
use patchbay_plugin_sdk::testing::{answer, outgoing};
use patchbay_plugin_sdk::{Command, Content, Header, MessageRef, OutgoingEdit, Participant};
use serde_json::{Value, json};

fn send() -> Command {
    Command::Send(outgoing(CONTACT, Content::text("hello")))
}

fn edit() -> Command {
    let message = MessageRef::new(CONTACT, "AAAA");
    Command::Edit(OutgoingEdit { message, to: Participant::new(CONTACT), content: Content::text("x") })
}

fn read() -> Command {
    Command::ListContacts(None)
}

fn kinds(answer: impl Fn() -> Answer) -> [FailureKind; 3] {
    [send(), edit(), read()].map(|command| failure(&command, [answer()]).kind)
}

#[test]
fn error_table() {
    let no_session =
        json!({"message": "We didn't find a session with name 'nope'.", "error": "Not Found", "statusCode": 404});
    let no_message = json!({"message": "Message not found", "error": "Not Found", "statusCode": 404});
    let validation =
        json!({"statusCode": 400, "message": ["chatId must be a string", "text is empty"], "error": "Bad Request"});
    let crash = json!({"statusCode": 500, "timestamp": "2025-03-06T08:28:22Z", "exception": {"message": "Evaluation failed"},
        "request": {"path": "/api/sendText"}, "version": {"version": "2026.7.1"}});
    let no_way = json!({"error": "not implemented by the engine", "session": "default"});
    let cases: [(u16, Value, [FailureKind; 3]); 12] = [
        (401, json!({"message": "Unauthorized", "statusCode": 401}), [Unauthorized; 3]),
        (403, json!({"message": "Forbidden", "statusCode": 403}), [Unauthorized; 3]),
        (404, no_session, [Unauthorized; 3]),
        (404, no_message, [Unauthorized, Rejected, Rejected]),
        (400, validation, [Rejected; 3]),
        (422, no_way, [Rejected; 3]),
        (413, json!({"message": "request entity too large", "statusCode": 413}), [Rejected; 3]),
        (408, json!({}), [Unknown, Temporary, Temporary]),
        (429, json!({}), [RateLimited; 3]),
        (500, crash, [Unknown, Temporary, Temporary]),
        (502, json!({}), [Unknown, Temporary, Temporary]),
        (302, json!({}), [Rejected; 3]),
    ];
    for (status, body, expected) in cases {
        assert_eq!(kinds(|| answer(status, &body)), expected, "{status} {body}");
        assert_eq!(failure(&send(), [answer(status, &body)]).code, Some(status.to_string()));
    }
}

#[test]
fn error_session_in_another_status() {
    for status in ["STOPPED", "STARTING", "SCAN_QR_CODE", "FAILED", "UNHEARD_OF"] {
        assert_eq!(kinds(|| unready(status)), [Unauthorized, Unauthorized, Temporary], "{status}");
    }
}

#[test]
fn error_fixtures() {
    for (name, message) in [
        ("resp_err_401", "Unauthorized"),
        (
            "resp_err_404_session",
            "We didn't find a session with name 'nope'.\nPlease start it first by using POST /api/sessions/nope/start request",
        ),
        (
            "resp_err_422_status",
            "Session status is not as expected. Try again later or restart the session (the session is SCAN_QR_CODE)",
        ),
    ] {
        let failure = failure(&send(), [Ok(recorded(name))]);
        assert_eq!((failure.kind, failure.message.as_str()), (Unauthorized, message), "{name}");
    }
    let folder = std::fs::read_dir(fixture_folder()).unwrap();
    let errors = folder.filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with("resp_err_"));
    assert_eq!(errors.count(), 3, "give a new fixture its line");
}

#[test]
fn error_messages_are_for_people_and_short() {
    let said = |body: Value| failure(&send(), [answer(400, &body)]).message;
    assert_eq!(said(json!({"message": ["a", "b"]})), "a; b");
    assert_eq!(said(json!({"exception": {"message": "c"}})), "c");
    assert_eq!(said(json!({"exception": "d"})), "d");
    assert_eq!(said(json!({"error": "e"})), "e");
    assert_eq!(said(json!({"message": []})), "WAHA answered 400 without saying why");
    assert_eq!(said(json!({"message": "x".repeat(5000)})).len(), 300);
}

#[test]
fn error_waits_are_obeyed() {
    let mut slow = answer(429, &json!({})).unwrap();
    slow.headers.push(Header::new("retry-after", "7"));
    assert_eq!(failure(&send(), [Ok(slow)]).retry_after_ms, Some(7000));
}
