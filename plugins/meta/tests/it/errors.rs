//! What refusals mean, for codes that every Graph product uses.

use patchbay_plugin_meta::{Effect, GraphError, Rule};
use patchbay_plugin_sdk::FailureKind::{self, RateLimited, Rejected, Temporary, Unauthorized, Unknown, Unreachable};
use patchbay_plugin_sdk::{Failure, Header, LimitScope, Response, TransportError};
use serde_json::{Value, json};

fn response(status: u16, body: &Value) -> Response {
    Response { status, headers: Vec::new(), body: body.to_string().into_bytes(), saved: None }
}

fn error(status: u16, fields: Value) -> Response {
    response(status, &json!({"error": fields}))
}

fn refusal(response: &Response) -> Failure {
    Effect::Sends.refusal(response, &[])
}

#[test]
fn the_code_decides_not_the_status() {
    let cases: [(u16, i64, FailureKind); 17] = [
        (401, 0, Unauthorized),
        (400, 1, Temporary),
        (503, 2, Temporary),
        (500, 3, Unauthorized),
        (400, 4, RateLimited),
        (403, 10, Unauthorized),
        (400, 17, RateLimited),
        (400, 32, RateLimited),
        (500, 100, Rejected),
        (400, 102, Unauthorized),
        (400, 190, Unauthorized),
        (403, 200, Unauthorized),
        (403, 299, Unauthorized),
        (403, 368, Unauthorized),
        (400, 613, RateLimited),
        (400, 80_007, RateLimited),
        (400, 80_014, RateLimited),
    ];
    for (status, code, kind) in cases {
        let failure = refusal(&error(status, json!({"message": "m", "code": code})));
        assert_eq!((failure.kind, failure.code), (kind, Some(code.to_string())), "{code}");
    }
}

#[test]
fn without_a_known_code_the_status_decides() {
    let unknown = json!({"message": "m", "code": 999_999});
    for (status, kind) in [(400, Rejected), (401, Unauthorized), (429, RateLimited), (500, Unknown), (502, Unknown)] {
        assert_eq!(refusal(&error(status, unknown.clone())).kind, kind, "{status}");
        assert_eq!(refusal(&response(status, &json!("a page"))).kind, kind, "{status}");
    }
    let transient = |status| error(status, json!({"message": "m", "code": 999_999, "is_transient": true}));
    assert_eq!(refusal(&transient(400)).kind, Temporary);
    assert_eq!(refusal(&transient(500)).kind, Unknown, "it may have been sent");
    assert_eq!(Effect::Repeatable.refusal(&transient(500), &[]).kind, Temporary);
}

#[test]
fn what_may_be_repeated_is_never_unknown() {
    let repeatable = |response| Effect::Repeatable.refusal(&response, &[]).kind;
    assert_eq!(repeatable(response(502, &json!("a page"))), Temporary);
    let lost = || TransportError::Unknown("lost".to_owned());
    assert_eq!(Effect::Repeatable.transport(lost()).kind, Temporary);
    assert_eq!(Effect::Sends.transport(lost()).kind, Unknown);
    for effect in [Effect::Sends, Effect::Repeatable] {
        assert_eq!(effect.transport(TransportError::NotSent("down".to_owned())).kind, Temporary);
        assert_eq!(effect.transport(TransportError::Refused("host".to_owned())).kind, Rejected);
    }
    assert_eq!(Effect::Repeatable.unreadable("x").kind, Temporary);
    assert_eq!(Effect::Sends.unreadable("x").kind, Unknown);
}

#[test]
fn a_products_own_rules_come_first_and_may_look_at_the_subcode() {
    let own = [Rule::code(10, Unreachable).subcode(2_018_108), Rule::code(100, Unreachable)];
    let kind = |fields| Effect::Sends.refusal(&error(400, fields), &own);
    let person = kind(json!({"message": "m", "code": 10, "error_subcode": 2_018_108}));
    assert_eq!((person.kind, person.code.as_deref()), (Unreachable, Some("10-2018108")));
    let page = kind(json!({"message": "m", "code": 10, "error_subcode": 1}));
    assert_eq!((page.kind, page.code.as_deref()), (Unauthorized, Some("10")));
    assert_eq!(kind(json!({"message": "m", "code": 100})).kind, Unreachable);
}

#[test]
fn a_rate_limit_waits_until_access_is_regained() {
    let limited = |headers: &[(&str, &str)]| {
        let headers = headers.iter().map(|(name, value)| Header::new(*name, *value)).collect();
        let failure = refusal(&Response { headers, ..error(400, json!({"message": "m", "code": 80_007})) });
        assert_eq!(failure.scope, Some(LimitScope::Channel));
        failure.retry_after_ms
    };
    let accounts = r#"{"1022": [
        {"type": "whatsapp", "call_count": 100, "estimated_time_to_regain_access": 7},
        {"type": "messenger", "estimated_time_to_regain_access": 3}
    ], "1023": [{"estimated_time_to_regain_access": 0}]}"#;
    assert_eq!(limited(&[("X-Business-Use-Case-Usage", accounts)]), Some(7 * 60_000));
    let app = r#"{"call_count": 100, "estimated_time_to_regain_access": 9}"#;
    assert_eq!(limited(&[("X-App-Usage", app), ("X-Business-Use-Case-Usage", accounts)]), Some(9 * 60_000));
    assert_eq!(limited(&[("X-App-Usage", r#"{"call_count": 28}"#)]), None);
    assert_eq!(limited(&[("X-App-Usage", "not JSON")]), None);
    assert_eq!(limited(&[]), None);
}

#[test]
fn the_sentence_has_the_details_and_no_token() {
    let sentence = |fields: Value| refusal(&error(400, fields)).message;
    assert_eq!(sentence(json!({"message": "m", "error_data": {"details": "d"}})), "m: d");
    assert_eq!(sentence(json!({"message": "m", "error_data": "another shape"})), "m");
    assert_eq!(sentence(json!({"title": "t"})), "t");
    assert_eq!(sentence(json!({})), "the platform gave no reason");
    let token = "EAAJB".repeat(30);
    assert_eq!(
        sentence(json!({"message": format!("Malformed access token {token}")})),
        "Malformed access token [hidden]"
    );
}

#[test]
fn an_error_of_a_webhook_is_final_unless_its_code_says_otherwise() {
    let failure = |json: &str| serde_json::from_str::<GraphError<'_>>(json).unwrap().failure(&[]);
    assert_eq!(failure(r#"{"code": 424242, "title": "t"}"#).kind, Rejected);
    assert_eq!(failure(r#"{"code": "190"}"#).kind, Unauthorized);
    assert_eq!(failure("{}").kind, Rejected);
}
