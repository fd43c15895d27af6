//! What every documented code means.

use crate::support::{Answer, CONTACT, MESSAGES, execute, fixture, fixture_folder, sms};
use patchbay_plugin_sdk::FailureKind::{
    self, Blocked, OutsideWindow, RateLimited, Rejected, Temporary, Unauthorized, Unknown, Unreachable,
};
use patchbay_plugin_sdk::testing::{answer, outgoing};
use patchbay_plugin_sdk::{Command, Content, Failure, Header, LimitScope, Outcome, Response, TransportError};
use serde_json::{Value, json};

fn send(answer: Answer) -> Result<Outcome, Failure> {
    let run = execute(&sms(), &Command::Send(outgoing(CONTACT, Content::text("hello"))), [answer]);
    assert_eq!(run.requests[0].url, MESSAGES);
    run.result
}

fn code(status: u16, code: u32) -> Failure {
    send(answer(status, &json!({"code": code, "message": "m", "more_info": "x", "status": status}))).unwrap_err()
}

const CODES: &[(FailureKind, &[u32])] = &[
    (Unauthorized, &[20003, 21606, 21703, 21704, 63007, 30002, 30034, 63051]),
    (RateLimited, &[20429, 21611, 30001, 30022, 63018, 63038]),
    (Temporary, &[30008, 30410, 63012]),
    (Unreachable, &[21211, 21614, 21408, 21608, 30003, 30005, 30006, 63003, 63024, 63033, 63015]),
    (Blocked, &[21610]),
    (OutsideWindow, &[63016]),
    (
        Rejected,
        &[
            21602, 21604, 21617, 21620, 21654, 21655, 21656, 30004, 30007, 63013, 63005, 63021, 63027, 63028, 63032,
            // Nobody knows this one.
            29999,
        ],
    ),
];

#[test]
fn every_code_has_its_meaning() {
    for (kind, codes) in CODES {
        for number in *codes {
            let failure = code(400, *number);
            assert_eq!((failure.kind, failure.code), (*kind, Some(number.to_string())), "{number}");
            assert_eq!(failure.scope, (*kind == RateLimited).then_some(LimitScope::Channel), "{number}");
        }
    }
}

#[test]
fn a_full_queue_and_a_daily_limit_say_how_long_to_wait() {
    assert_eq!(code(400, 21611).retry_after_ms, Some(900_000));
    assert_eq!(code(400, 63038).retry_after_ms, Some(86_400_000));
    assert_eq!(code(429, 20429).retry_after_ms, None);
}

#[test]
fn what_twilio_asks_to_wait_counts() {
    let mut response = fixture("resp_err_20429").response();
    response.headers.push(Header::new("Retry-After", "3"));
    assert_eq!(send(Ok(response)).unwrap_err().retry_after_ms, Some(3000));
}

#[test]
fn a_servers_error_leaves_open_whether_the_message_went_out() {
    for (status, number) in [(500, 20500), (503, 20503), (502, 29999)] {
        let failure = code(status, number);
        assert_eq!((failure.kind, failure.code), (Unknown, Some(number.to_string())));
    }
    for number in [20500, 20503] {
        assert_eq!(code(400, number).kind, Unknown, "the code counts, not the status");
    }
    let lost = execute(&sms(), &Command::TestConnection, [answer(503, &json!({"code": 20503, "message": "m"}))]);
    assert_eq!(lost.result.unwrap_err().kind, Temporary);
}

#[test]
fn newer_answers_have_another_form() {
    let body = json!({"type": "https://www.twilio.com/docs/errors/20429", "title": "Too many requests.", "status": 429,
        "code": 20429, "detail": "Slow down"});
    let failure = send(answer(429, &body)).unwrap_err();
    assert_eq!((failure.kind, failure.message.as_str()), (RateLimited, "Too many requests: Slow down"));
    let text = send(answer(400, &json!({"code": "21610", "title": "Stopped"}))).unwrap_err();
    assert_eq!((text.kind, text.message.as_str()), (Blocked, "Stopped"));
}

#[test]
fn without_a_code_the_status_decides() {
    for (status, kind) in [
        (301, Rejected),
        (400, Rejected),
        (401, Unauthorized),
        (404, Rejected),
        (408, Unknown),
        (429, RateLimited),
        (500, Unknown),
        (503, Unknown),
    ] {
        for body in [json!({}), json!([]), json!("a page"), json!({"code": {}, "message": 5})] {
            let failure = send(answer(status, &body)).unwrap_err();
            assert_eq!((failure.kind, failure.code), (kind, Some(status.to_string())), "{status} {body}");
        }
    }
}

#[test]
fn recorded_errors() {
    for (name, kind, message) in [
        ("resp_err_20429", RateLimited, "Too Many Requests"),
        ("resp_err_21211", Unreachable, "Invalid 'To' Phone Number: +1555"),
        ("resp_err_21610", Blocked, "Attempt to send to unsubscribed recipient"),
    ] {
        let failure = send(Ok(fixture(name).response())).unwrap_err();
        let code = name.trim_start_matches("resp_err_");
        assert_eq!((failure.kind, failure.code.as_deref(), failure.message.as_str()), (kind, Some(code), message));
    }
    let files = std::fs::read_dir(fixture_folder()).unwrap();
    let errors = files.filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with("resp_err_"));
    assert_eq!(errors.count(), 3, "give a new fixture its line above");
}

#[test]
fn recorded_messages_are_accepted() {
    for name in ["resp_create_queued", "resp_create_messaging_service", "resp_create_scheduled"] {
        let fixture = fixture(name);
        let sid = fixture.value["body"]["sid"].as_str().unwrap().to_owned();
        assert_eq!(send(Ok(fixture.response())), Ok(Outcome::Sent(vec![sid])), "{name}");
    }
}

#[test]
fn a_message_that_failed_at_once_is_not_sent() {
    let body = json!({"sid": "SM1", "status": "failed", "error_code": 21610, "error_message": "stopped"});
    let failure = send(answer(201, &body)).unwrap_err();
    assert_eq!((failure.kind, failure.message.as_str()), (Blocked, "stopped"));
    let bare = send(answer(201, &json!({"sid": "SM1", "status": "failed", "error_code": null}))).unwrap_err();
    assert_eq!(bare.kind, Rejected);
}

#[test]
fn lost_and_unreadable_answers_of_a_send_are_unknown() {
    assert_eq!(send(Err(TransportError::Unknown("timeout".to_owned()))).unwrap_err().kind, Unknown);
    let page = Response { status: 201, headers: vec![], body: b"<html>".to_vec(), saved: None };
    assert_eq!(send(Ok(page)).unwrap_err().kind, Unknown);
    for body in [json!({}), json!([]), json!({"sid": ""}), json!({"sid": 5}), Value::Null] {
        assert_eq!(send(answer(201, &body)).unwrap_err().kind, Unknown, "{body}");
    }
}

#[test]
fn requests_that_never_left_are_sent_again_or_refused() {
    assert_eq!(send(Err(TransportError::NotSent("down".to_owned()))).unwrap_err().kind, Temporary);
    assert_eq!(send(Err(TransportError::Refused("host".to_owned()))).unwrap_err().kind, Rejected);
}
