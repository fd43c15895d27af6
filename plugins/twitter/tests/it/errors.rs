//! What every refusal means.

use crate::support::{Answer, CONTACT, failure, recorded};
use patchbay_plugin_sdk::FailureKind::{self, RateLimited, Rejected, Temporary, Unauthorized, Unknown, Unreachable};
use patchbay_plugin_sdk::testing::{NOW, answer, outgoing};
use patchbay_plugin_sdk::{Command, Content, Failure, Header, MessageRef};
use serde_json::{Value, json};

fn sent(answer: Answer) -> Failure {
    let unclear = answer.as_ref().is_ok_and(|response| response.status >= 500);
    // Where it is unclear, X is asked, and does not tell.
    let asked = unclear.then(crate::support::lost);
    failure(&Command::Send(outgoing(CONTACT, Content::text("hello"))), [answer].into_iter().chain(asked))
}

fn code(number: u32) -> Value {
    json!({"errors": [{"code": number, "message": "why"}]})
}

#[test]
fn error_codes() {
    let cases: [(FailureKind, u16, &[u32]); 9] = [
        (Unreachable, 403, &[349, 150, 389, 63]),
        (Unreachable, 404, &[50, 108]),
        (Unauthorized, 403, &[93, 220, 261, 326, 64, 89]),
        (Unauthorized, 401, &[32, 89, 99, 135]),
        (Unauthorized, 400, &[215]),
        (Unauthorized, 404, &[34, 251]),
        (Rejected, 403, &[151, 354]),
        (Rejected, 400, &[324, 325, 999]),
        (Unknown, 503, &[130, 131]),
    ];
    for (kind, status, codes) in cases {
        for number in codes {
            let in_list = sent(answer(status, &code(*number)));
            assert_eq!((in_list.kind, status, number), (kind, status, number));
            if kind != Unknown {
                assert_eq!((in_list.code, in_list.message.as_str()), (Some(number.to_string()), "why"));
            }
            let alone = sent(answer(status, &json!({"code": number, "message": "why"})));
            assert_eq!(alone.kind, kind, "{number}");
        }
    }
}

#[test]
fn error_details() {
    let problem = |kind: &str, detail: &str| json!({"title": "T", "detail": detail, "type": kind});
    let blank = "about:blank";
    let of = |name: &str| format!("https://api.x.com/2/problems/{name}");
    let cases = [
        (403, problem(blank, "You do not have permission to DM one or more participants."), Unreachable),
        (403, problem(blank, "This operation is not permitted."), RateLimited),
        (403, problem(blank, "Something else."), Rejected),
        (403, problem(&of("oauth1-permissions"), "x"), Unauthorized),
        (403, problem(&of("client-forbidden"), "x"), Unauthorized),
        (400, problem(&of("invalid-request"), "x"), Rejected),
        (404, problem(&of("resource-not-found"), "x"), Unreachable),
        (404, json!({}), Rejected),
        (401, problem(blank, "Unauthorized"), Unauthorized),
        (402, problem(&of("credits"), "CreditsDepleted"), Unauthorized),
        (410, json!({}), Unauthorized),
        (429, json!({"title": "Too Many Requests"}), RateLimited),
        (302, json!({}), Rejected),
        (500, json!({}), Unknown),
        (599, json!("x"), Unknown),
        // Within an answer of success, with and without the status that it stands for.
        (
            200,
            json!({"errors": [problem(blank, "You do not have permission to DM one or more participants.")]}),
            Unreachable,
        ),
        (201, json!({"data": {}, "errors": [problem(&of("resource-not-found"), "x")]}), Unreachable),
        (200, json!({"errors": [problem(blank, "This operation is not permitted.")]}), RateLimited),
        (200, json!({"errors": [{"detail": "Something else.", "status": 403}]}), Rejected),
    ];
    for (status, body, kind) in cases {
        assert_eq!(sent(answer(status, &body)).kind, kind, "{status} {body}");
    }
}

#[test]
fn recorded_refusals() {
    for (fixture, kind, code) in [
        ("resp_err_403_not_permitted_dm", Unreachable, "403"),
        ("resp_err_v11_349", Unreachable, "349"),
        ("resp_err_429_88", RateLimited, "88"),
        ("resp_err_401_unauthorized", Unauthorized, "401"),
        ("resp_err_403_oauth1_permissions", Unauthorized, "oauth1-permissions"),
    ] {
        let failure = sent(recorded(fixture));
        assert_eq!((failure.kind, failure.code.as_deref()), (kind, Some(code)), "{fixture}");
    }
}

#[test]
fn a_restricted_account_goes_slowly() {
    for body in [code(226), json!({"detail": "This operation is not permitted.", "type": "about:blank"})] {
        let failure = sent(answer(403, &body));
        assert_eq!((failure.kind, failure.retry_after_ms), (RateLimited, Some(15 * 60 * 1000)));
    }
}

fn slow(headers: &[(&str, u64)]) -> Option<u64> {
    let mut response = answer(429, &code(88)).unwrap();
    response.headers.extend(headers.iter().map(|(name, value)| Header::new(*name, value.to_string())));
    sent(Ok(response)).retry_after_ms
}

#[test]
fn the_headers_tell_the_pace() {
    let at = |seconds: u64| NOW / 1000 + seconds;
    let short = [("x-rate-limit-remaining", 0), ("x-rate-limit-reset", at(90))];
    let day = [("x-user-limit-24hour-remaining", 0), ("x-user-limit-24hour-reset", at(7_000))];
    let app = [("x-app-limit-24hour-remaining", 3), ("x-app-limit-24hour-reset", at(9_000))];
    assert_eq!(slow(&short), Some(90_000));
    assert_eq!(slow(&[short, day, app].concat()), Some(7_000_000));
    assert_eq!(slow(&[("x-rate-limit-reset", at(90))]), Some(90_000));
    assert_eq!(slow(&[("x-rate-limit-remaining", 0), ("x-rate-limit-reset", 5)]), Some(1_000));
    assert_eq!(slow(&[("retry-after", 7)]), Some(7_000));
    assert_eq!(slow(&[short.as_slice(), &[("retry-after", 700)]].concat()), Some(700_000));
    assert_eq!(slow(&[]), Some(60_000));
    assert_eq!(slow(&app), Some(60_000));
}

#[test]
fn what_may_be_repeated_is_never_unknown() {
    let delete = Command::Delete(MessageRef::new(CONTACT, "7"));
    for status in [408, 500, 503] {
        assert_eq!(failure(&delete, [answer(status, &json!({}))]).kind, Temporary);
    }
    assert_eq!(failure(&delete, [crate::support::lost()]).kind, Temporary);
}
