//! What every documented code means.

use crate::support::{Answer, channel, execute, fixture};
use patchbay_plugin_sdk::FailureKind::{
    self, Blocked, OutsideWindow, RateLimited, Rejected, Temporary, Unauthorized, Unknown, Unreachable,
};
use patchbay_plugin_sdk::testing::{answer, outgoing, run};
use patchbay_plugin_sdk::{Command, Content, Failure, LimitScope, Outcome, Response, TransportError};
use patchbay_plugin_whatsapp::WhatsApp;
use serde_json::json;

fn send(answer: Answer) -> Failure {
    let command = Command::Send(outgoing("16505551234", Content::text("hello")));
    run::<WhatsApp>(&channel(), &command, [answer]).result.unwrap_err()
}

fn code(status: u16, code: i64) -> Failure {
    send(answer(status, &json!({"error": {"message": format!("(#{code}) m"), "code": code}})))
}

#[test]
fn error_codes() {
    let cases: &[(FailureKind, &[(u16, i64)])] = &[
        (
            Unauthorized,
            &[
                (401, 0),
                (401, 190),
                (500, 3),
                (403, 10),
                (403, 200),
                (403, 299),
                (403, 131_005),
                (403, 368),
                (403, 131_031),
                (400, 133_016),
                (400, 33),
                (400, 133_010),
                (500, 131_045),
                (400, 131_042),
                (400, 131_037),
            ],
        ),
        (Unreachable, &[(403, 130_497), (400, 131_026)]),
        (Blocked, &[(400, 131_050)]),
        (RateLimited, &[(400, 4), (400, 80_007), (400, 130_429), (400, 131_056), (400, 131_048)]),
        (
            Temporary,
            &[(400, 1), (503, 2), (500, 131_016), (503, 133_004), (500, 131_000), (500, 131_057), (400, 132_069)],
        ),
        (OutsideWindow, &[(400, 131_047)]),
        (
            Rejected,
            &[
                (400, 100),
                (400, 131_008),
                (400, 131_009),
                (400, 131_051),
                (400, 135_000),
                (400, 131_021),
                (400, 131_049),
                (400, 130_472),
                (400, 131_052),
                (400, 131_053),
                (400, 131_062),
                (400, 132_000),
                (404, 132_001),
                (400, 132_005),
                (400, 132_007),
                (400, 132_012),
                (400, 132_015),
                (400, 132_016),
                (400, 132_068),
            ],
        ),
    ];
    for (kind, codes) in cases {
        for (status, number) in *codes {
            let failure = code(*status, *number);
            assert_eq!((failure.kind, failure.code), (*kind, Some(number.to_string())), "{number}");
        }
    }
}

#[test]
fn error_scopes_and_waits() {
    assert_eq!(code(400, 131_056).scope, Some(LimitScope::Recipient));
    for channel_wide in [4, 80_007, 130_429, 131_048] {
        assert_eq!(code(400, channel_wide).scope, Some(LimitScope::Channel), "{channel_wide}");
    }
    assert_eq!(code(500, 131_057).retry_after_ms, Some(60_000));
    assert_eq!(code(400, 131_048).retry_after_ms, Some(900_000));
    assert_eq!(code(400, 130_429).retry_after_ms, None);
}

#[test]
fn error_fixtures() {
    for (name, kind, message) in [
        ("resp_err_100", Rejected, "(#100) Invalid parameter: Message must be a template message."),
        ("resp_err_130429", RateLimited, "(#130429) Rate limit hit: Cloud API message throughput has been reached."),
        (
            "resp_err_131047",
            OutsideWindow,
            "(#131047) Re-engagement message: More than 24 hours have passed since the recipient last replied to the sender number.",
        ),
        (
            "resp_err_132001",
            Rejected,
            "(#132001) Template name does not exist in the translation: template name (order_update) does not exist in nl",
        ),
        (
            "resp_err_190",
            Unauthorized,
            "Error validating access token: Session has expired on Thursday, 10-Apr-25 09:00:00 PDT.",
        ),
        (
            "resp_err_80007",
            RateLimited,
            "(#80007) Rate limit issues: The WhatsApp Business Account has reached its rate limit.",
        ),
    ] {
        let failure = send(Ok(fixture(name).response()));
        let code = name.trim_start_matches("resp_err_");
        assert_eq!((failure.kind, failure.code.as_deref()), (kind, Some(code)), "{name}");
        assert_eq!(failure.message, message);
    }
}

#[test]
fn error_response_fixtures_are_all_tried() {
    let folder = std::fs::read_dir(crate::support::fixture_folder()).unwrap();
    let errors = folder.filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with("resp_err_"));
    assert_eq!(errors.count(), 6, "give a new fixture its line in error_fixtures");
}

#[test]
fn error_lost_and_unreadable_answers_of_a_send_are_unknown() {
    let page = |status| Ok(Response { status, headers: vec![], body: b"<html>".to_vec(), saved: None });
    assert_eq!(send(Err(TransportError::Unknown("timeout".to_owned()))).kind, Unknown);
    for status in [200, 500, 502, 504] {
        assert_eq!(send(page(status)).kind, Unknown, "{status}");
    }
    for body in [json!({}), json!({"messages": []}), json!({"messages": [{}]}), json!({"messages": [{"id": ""}]})] {
        assert_eq!(send(answer(200, &body)).kind, Unknown, "{body}");
    }
    assert_eq!(code(500, 424_242).kind, Unknown);
    assert_eq!(code(400, 424_242).kind, Rejected);
}

#[test]
fn error_requests_that_never_left() {
    assert_eq!(send(Err(TransportError::NotSent("down".to_owned()))).kind, Temporary);
    assert_eq!(send(Err(TransportError::Refused("host".to_owned()))).kind, Rejected);
}

#[test]
fn accepted_answers() {
    for name in ["resp_send_ok", "resp_send_paced", "resp_send_bsuid_ok"] {
        let fixture = fixture(name);
        let id = fixture.value["body"]["messages"][0]["id"].as_str().unwrap().to_owned();
        let command = Command::Send(outgoing("16505551234", Content::text("hello")));
        assert_eq!(execute(&command, [Ok(fixture.response())]).result, Ok(Outcome::Sent(vec![id])), "{name}");
    }
    let paused = answer(200, &json!({"messages": [{"id": "wamid.1", "message_status": "paused"}]}));
    let command = Command::Send(outgoing("16505551234", Content::text("hello")));
    assert_eq!(execute(&command, [paused]).result, Ok(Outcome::Sent(vec!["wamid.1".to_owned()])));
}
