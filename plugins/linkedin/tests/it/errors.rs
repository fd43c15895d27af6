//! What refusals mean: by LinkedIn's code and sentence, and by what was asked.

use crate::support::{Answer, COMMENT, failure, fixture_folder, recorded};
use patchbay_plugin_sdk::FailureKind::{RateLimited, Rejected, Temporary, Unauthorized};
use patchbay_plugin_sdk::testing::{NOW, answer, outgoing};
use patchbay_plugin_sdk::{Command, Content, FailureKind, Header};
use serde_json::{Value, json};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

fn send() -> Command {
    Command::Send(outgoing(COMMENT, Content::text("hello")))
}

fn refused(status: u16, body: Value) -> patchbay_plugin_sdk::Failure {
    failure(&send(), [answer(status, &body)])
}

#[test]
fn error_codes() {
    let cases: [(u16, Value, FailureKind, &str); 17] = [
        (401, json!({"serviceErrorCode": 65600, "code": "INVALID_ACCESS_TOKEN"}), Unauthorized, "INVALID_ACCESS_TOKEN"),
        (401, json!({"serviceErrorCode": 65601}), Unauthorized, "65601"),
        (401, json!({}), Unauthorized, "401"),
        (403, json!({"serviceErrorCode": 100, "message": "Not enough permissions to access: x"}), Unauthorized, "100"),
        (403, json!({"message": "Unpermitted fields present in REQUEST_BODY: [/content]"}), Rejected, "403"),
        (403, json!({}), Unauthorized, "403"),
        (400, json!({"code": "VERSION_MISSING"}), Unauthorized, "VERSION_MISSING"),
        (426, json!({"code": "NONEXISTENT_VERSION"}), Unauthorized, "NONEXISTENT_VERSION"),
        (400, json!({"message": "text is too long"}), Rejected, "400"),
        (422, json!({}), Rejected, "422"),
        (404, json!({"code": "NOT_FOUND"}), Rejected, "NOT_FOUND"),
        (409, json!({}), Temporary, "409"),
        (429, json!({"message": "Comment create throttled: x"}), RateLimited, "429"),
        (
            429,
            json!({"serviceErrorCode": 101, "message": "Resource level throttle MEMBER DAY limit"}),
            RateLimited,
            "101",
        ),
        (429, json!({}), RateLimited, "429"),
        (302, json!({}), Rejected, "302"),
        (418, json!([]), Rejected, "418"),
    ];
    for (status, body, kind, code) in cases {
        let failure = refused(status, body.clone());
        assert_eq!((failure.kind, failure.code.as_deref()), (kind, Some(code)), "{status} {body}");
    }
}

#[test]
fn error_waits() {
    let wait = |message: &str| refused(429, json!({"message": message})).retry_after_ms;
    assert_eq!(wait("Comment create throttled: creation rate limit exceeded for member"), Some(60_000));
    for whose in ["APPLICATION", "MEMBER"] {
        let until_midnight = DAY_MS - NOW % DAY_MS;
        assert_eq!(wait(&format!("Resource level throttle {whose} DAY limit for calls")), Some(until_midnight));
    }
    assert_eq!(wait("Too many requests"), None);
    let mut slow = answer(429, &json!({})).unwrap();
    slow.headers.push(Header::new("retry-after", "7"));
    assert_eq!(failure(&send(), [Ok(slow)]).retry_after_ms, Some(7_000));
}

#[test]
fn error_fixtures() {
    for (name, kind) in [
        ("resp_err_401_revoked", Unauthorized),
        ("resp_err_403_access_denied", Unauthorized),
        ("resp_err_429_comment_throttle", RateLimited),
    ] {
        assert_eq!(failure(&send(), [Ok(recorded(name))]).kind, kind, "{name}");
    }
    let folder = std::fs::read_dir(fixture_folder()).unwrap();
    let errors = folder.filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with("resp_err_"));
    assert_eq!(errors.count(), 3, "give a new fixture its line");
}

#[test]
fn error_messages_are_for_people_and_short() {
    assert_eq!(refused(422, json!({})).message, "LinkedIn answered 422 without saying why");
    assert_eq!(refused(422, json!({"message": "x".repeat(5000)})).message.len(), 300);
    let mut traced: Answer = answer(422, &json!({"message": "no"}));
    traced.as_mut().unwrap().headers.push(Header::new("x-li-uuid", "AAYF"));
    assert_eq!(failure(&send(), [traced]).message, "no (x-li-uuid AAYF)");
    assert!(refused(426, json!({"message": "gone"})).message.contains("apiVersion"));
}
