//! Linking a phone.

use crate::support::{asked, execute, failure, json_body, lost, recorded, unready};
use patchbay_plugin_sdk::testing::answer;
use patchbay_plugin_sdk::{Command, FailureKind, Header, Outcome, Response};
use serde_json::json;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

#[test]
fn a_qr_code_is_a_picture() {
    let headers = vec![Header::new("content-type", "image/png")];
    let picture = Ok(Response { status: 200, headers, body: PNG.to_vec(), saved: None });
    for answer in [picture, Ok(recorded("resp_qr_base64"))] {
        let run = execute(&Command::Qr, [answer]);
        assert_eq!(run.result, Ok(Outcome::Qr(PNG.to_vec())));
        let request = &run.requests[0];
        assert_eq!((asked(request), request.idempotent), (("GET", "/api/default/auth/qr"), true));
        assert_eq!(request.headers, [Header::new("accept", "image/png")]);
    }
}

#[test]
fn what_is_no_picture_is_none() {
    let image = |data: &str| answer(200, &json!({"mimetype": "image/png", "data": data}));
    for answer in [Ok(recorded("resp_qr_raw")), image("%"), image("aGVsbG8="), answer(200, &json!("PNG")), lost()] {
        assert_eq!(failure(&Command::Qr, [answer]).kind, FailureKind::Temporary);
    }
}

#[test]
fn a_pairing_code() {
    for phone in ["12132132130", "+1 (213) 213-2130"] {
        let run = execute(&Command::PairingCode(phone.to_owned()), [Ok(recorded("resp_pairing_code"))]);
        assert_eq!(run.result, Ok(Outcome::PairingCode("ABCD-ABCD".to_owned())));
        assert_eq!(asked(&run.requests[0]), ("POST", "/api/default/auth/request-code"));
        assert_eq!(json_body(&run.requests[0]), json!({"phoneNumber": "12132132130"}));
    }
    let command = Command::PairingCode("12132132130".to_owned());
    assert_eq!(failure(&command, [answer(201, &json!({}))]).kind, FailureKind::Temporary);
    assert_eq!(failure(&Command::PairingCode("ada".to_owned()), []).kind, FailureKind::Rejected);
}

#[test]
fn a_session_that_waits_for_no_phone_has_no_code() {
    for command in [Command::Qr, Command::PairingCode("1".to_owned())] {
        for (status, kind) in [
            ("WORKING", FailureKind::Rejected),
            ("STOPPED", FailureKind::Rejected),
            ("FAILED", FailureKind::Rejected),
            ("STARTING", FailureKind::Temporary),
        ] {
            let failure = failure(&command, [unready(status)]);
            assert_eq!((failure.kind, failure.code.as_deref()), (kind, Some("422")), "{status}");
        }
        assert_eq!(failure(&command, [Ok(recorded("resp_err_401"))]).kind, FailureKind::Unauthorized);
        assert_eq!(failure(&command, [Ok(recorded("resp_err_404_session"))]).kind, FailureKind::Unauthorized);
    }
}
