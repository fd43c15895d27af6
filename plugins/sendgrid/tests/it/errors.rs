//! What every answer means.

use crate::support::{Answer, accepted, execute, fixture, fixture_folder, outgoing, status};
use patchbay_plugin_sdk::FailureKind::{self, RateLimited, Rejected, Temporary, Unauthorized, Unknown};
use patchbay_plugin_sdk::testing::NOW;
use patchbay_plugin_sdk::{Command, Content, Failure, LimitScope, Outcome, TransportError};

fn send(answer: Answer) -> Result<Outcome, Failure> {
    execute(&Command::Send(outgoing(Content::text("hello"))), [answer]).result
}

fn refused(answer: Answer) -> Failure {
    send(answer).unwrap_err()
}

#[test]
fn error_statuses() {
    let cases: &[(FailureKind, &[u16])] = &[
        (Rejected, &[301, 307, 400, 404, 405, 413, 415, 422]),
        (Unauthorized, &[401, 403]),
        (RateLimited, &[429]),
        (Unknown, &[200, 201, 204, 408, 500, 502, 503, 504, 599]),
    ];
    for (kind, statuses) in cases {
        for number in *statuses {
            assert_eq!(refused(Ok(status(*number, &[], "<html>"))).kind, *kind, "{number}");
        }
    }
}

#[test]
fn error_fixtures() {
    let from = "from.email: The from object must be provided for every email send.";
    for (name, kind, message) in [
        ("resp_err_400", Rejected, from),
        ("resp_err_401", Unauthorized, "authorization required"),
        ("resp_err_429", RateLimited, "too many requests"),
    ] {
        let failure = refused(Ok(fixture(name).response()));
        assert_eq!((failure.kind, failure.code.as_deref()), (kind, Some(name.trim_start_matches("resp_err_"))));
        assert!(failure.message.starts_with(message), "{}", failure.message);
    }
    let files = std::fs::read_dir(fixture_folder()).unwrap();
    let errors = files.filter(|file| file.as_ref().unwrap().file_name().to_str().unwrap().starts_with("resp_err_"));
    assert_eq!(errors.count(), 3, "give a new fixture its line here");
}

#[test]
fn error_too_many_waits_until_the_reset() {
    let reset = |value: &str| refused(Ok(status(429, &[("X-RateLimit-Reset", value)], "{}")));
    let soon = reset(&(NOW / 1000 + 90).to_string());
    assert_eq!(soon.scope, Some(LimitScope::Channel));
    assert_eq!(soon.retry_after_ms, Some(90_000 - NOW % 1000));
    assert_eq!(reset("1392815263").retry_after_ms, Some(1000), "the moment has passed");
    assert_eq!(reset("soon").retry_after_ms, None);
    assert_eq!(reset(&u64::MAX.to_string()).retry_after_ms, None);
    assert_eq!(refused(Ok(status(429, &[("Retry-After", "7")], "{}"))).retry_after_ms, Some(7000));
}

#[test]
fn error_sentences_are_bounded_and_survive_any_shape() {
    let long = format!(r#"{{"errors":[{{"message":"{}","field":"null"}}]}}"#, "ä".repeat(5000));
    assert!(refused(Ok(status(400, &[], &long))).message.len() <= 1000);
    for body in ["", "{", "null", r#"{"errors":5}"#, r#"{"errors":[5,{"message":7}]}"#] {
        assert_eq!(refused(Ok(status(400, &[], body))).message, "SendGrid answered 400", "{body}");
    }
    let two = r#"{"errors":[{"message":"a","field":"x"},{"message":"b","field":null}],"id":"1"}"#;
    assert_eq!(refused(Ok(status(413, &[], two))).message, "x: a; b");
}

#[test]
fn error_lost_answers() {
    assert_eq!(refused(Err(TransportError::Unknown("timeout".to_owned()))).kind, Unknown);
    assert_eq!(refused(Err(TransportError::NotSent("down".to_owned()))).kind, Temporary);
    assert_eq!(refused(Err(TransportError::Refused("host".to_owned()))).kind, Rejected);
}

#[test]
fn an_accepted_mail_has_the_identifier_of_the_header() {
    let ids = |answer| match send(Ok(answer)) {
        Ok(Outcome::Sent(ids)) => ids,
        other => panic!("it was accepted: {other:?}"),
    };
    let named = ids(accepted());
    assert_eq!((named.len(), named[0].as_str()), (2, "LRzXl_NHStOGhQ4kofSm_A"));
    assert!(named[1].starts_with("<patchbay.out-1."), "by which a contact's answer names it: {named:?}");
    assert_eq!(ids(status(202, &[], "")), named[1..], "its own alone");
}

#[test]
fn the_connection_is_tested_in_the_sandbox() {
    let test = |answer| execute(&Command::TestConnection, [answer]);
    let run = test(Ok(status(200, &[], "")));
    assert_eq!(run.result, Ok(Outcome::Ok));
    let body = crate::support::json_body(&run.requests[0]);
    assert_eq!(body["mail_settings"]["sandbox_mode"]["enable"], true);
    assert!(run.requests[0].idempotent);
    assert_eq!(test(Ok(fixture("resp_err_401").response())).result.unwrap_err().kind, Unauthorized);
    assert_eq!(test(Ok(status(503, &[], ""))).result.unwrap_err().kind, Temporary);
    assert_eq!(test(Err(TransportError::Unknown("timeout".to_owned()))).result.unwrap_err().kind, Temporary);
}

#[test]
fn what_mail_cannot_do_is_unsupported() {
    for command in
        [Command::RegisterWebhook, Command::MarkRead(vec![]), Command::Qr, Command::FetchMedia("1".to_owned())]
    {
        assert_eq!(execute(&command, []).result.unwrap_err().kind, FailureKind::Unsupported);
    }
}
