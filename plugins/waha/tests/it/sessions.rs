//! The session's life by commands.

use crate::support::{Answer, asked, channel, execute, failure, json_body, lost, recorded, unready};
use patchbay_plugin_sdk::testing::{answer, run};
use patchbay_plugin_sdk::{Command, FailureKind, Outcome, SessionChange, SessionState};
use patchbay_plugin_waha::Waha;
use serde_json::{Value, json};

fn session(status: &str) -> Answer {
    answer(201, &json!({"name": "default", "status": status, "config": {}}))
}

fn changed(state: SessionState) -> Outcome {
    Outcome::Session(SessionChange::new(state))
}

#[test]
fn starting_stopping_restarting_logging_out() {
    for (command, action, status, state) in [
        (Command::SessionStart, "start", "STARTING", SessionState::Starting),
        (Command::SessionStop, "stop", "STOPPED", SessionState::Stopped),
        (Command::SessionRestart, "restart", "STARTING", SessionState::Starting),
        (Command::SessionLogout, "logout", "SCAN_QR_CODE", SessionState::AwaitingQr),
    ] {
        let run = execute(&command, [session(status)]);
        assert_eq!(run.result, Ok(changed(state)), "{action}");
        let path = format!("/api/sessions/default/{action}");
        assert_eq!((asked(&run.requests[0]), run.requests[0].idempotent), (("POST", path.as_str()), true));
        assert_eq!(failure(&command, [lost()]).kind, FailureKind::Temporary);
        assert_eq!(failure(&command, [Ok(recorded("resp_err_401"))]).kind, FailureKind::Unauthorized);
        for unreadable in [json!({}), json!([]), json!({"status": "DREAMING"})] {
            assert_eq!(failure(&command, [answer(201, &unreadable)]).kind, FailureKind::Temporary);
        }
    }
    assert_eq!(
        execute(&Command::SessionStart, [Ok(recorded("resp_session_start"))]).result,
        Ok(changed(SessionState::Starting))
    );
}

#[test]
fn a_session_that_is_not_there_is_made() {
    let run = execute(&Command::SessionStart, [Ok(recorded("resp_err_404_session")), session("STARTING")]);
    assert_eq!(run.result, Ok(changed(SessionState::Starting)));
    assert_eq!(asked(&run.requests[1]), ("POST", "/api/sessions"));
    assert_eq!(json_body(&run.requests[1]), json!({"name": "default", "start": true}));
    let nowhere =
        failure(&Command::SessionStart, [Ok(recorded("resp_err_404_session")), Ok(recorded("resp_err_404_session"))]);
    assert_eq!(nowhere.kind, FailureKind::Unauthorized);
    assert_eq!(failure(&Command::SessionStop, [Ok(recorded("resp_err_404_session"))]).kind, FailureKind::Unauthorized);
}

fn info(status: &str) -> Answer {
    answer(200, &json!({"name": "default", "status": status, "me": {"id": "79222222222@c.us", "pushName": "Shop"}}))
}

#[test]
fn asking_how_it_does() {
    let run = execute(&Command::SessionStatus, [info("WORKING")]);
    let phone = Some("+79222222222".to_owned());
    let connected = SessionChange { phone, ..SessionChange::new(SessionState::Connected) };
    assert_eq!(run.result, Ok(Outcome::Session(connected)));
    assert_eq!(asked(&run.requests[0]), ("GET", "/api/sessions/default"));
    assert_eq!(execute(&Command::SessionStatus, [info("STOPPED")]).result, Ok(changed(SessionState::Stopped)));
}

#[test]
fn a_session_that_was_never_started_is_down() {
    let run = execute(&Command::SessionStatus, [Ok(recorded("resp_err_404_session"))]);
    let Ok(Outcome::Session(change)) = run.result else { panic!("no change") };
    assert_eq!(change.state, SessionState::Stopped);
    let elsewhere = json!({"message": "Cannot GET /api/sessions/default", "error": "Not Found", "statusCode": 404});
    assert_eq!(failure(&Command::SessionStatus, [answer(404, &elsewhere)]).kind, FailureKind::Unauthorized);
}

#[test]
fn a_connection_is_good_when_it_can_send() {
    assert_eq!(execute(&Command::TestConnection, [info("WORKING")]).result, Ok(Outcome::Ok));
    for (answer, kind, code) in [
        (info("STARTING"), FailureKind::Temporary, Some("STARTING")),
        (info("SCAN_QR_CODE"), FailureKind::Unauthorized, Some("SCAN_QR_CODE")),
        (info("FAILED"), FailureKind::Unauthorized, Some("FAILED")),
        (Ok(recorded("resp_err_401")), FailureKind::Unauthorized, Some("401")),
        (Ok(recorded("resp_err_404_session")), FailureKind::Unauthorized, Some("404")),
        (answer(200, &json!({})), FailureKind::Temporary, None),
    ] {
        let failure = failure(&Command::TestConnection, [answer]);
        assert_eq!((failure.kind, failure.code.as_deref()), (kind, code));
    }
}

#[test]
fn requests_go_where_the_channel_points() {
    let to = |config: Value| {
        let channel = patchbay_plugin_sdk::testing::channel("WAHA", &config);
        run::<Waha>(&channel, &Command::SessionStatus, [info("WORKING")]).requests[0].url.clone()
    };
    let pointed =
        json!({"baseUrl": "https://waha.example.com/", "apiBaseUrl": "http://127.0.0.1:4000", "session": "a/b"});
    assert_eq!(to(pointed), "http://127.0.0.1:4000/api/sessions/a%2Fb");
    assert_eq!(to(json!({"baseUrl": "https://example.com/waha/"})), "https://example.com/waha/api/sessions/default");
    let nowhere = run::<Waha>(&patchbay_plugin_sdk::testing::channel("WAHA", &json!({})), &Command::SessionStatus, []);
    assert_eq!(nowhere.result.unwrap_err().kind, FailureKind::Rejected);
}

#[test]
fn a_status_that_is_refused() {
    assert_eq!(failure(&Command::SessionStatus, [unready("FAILED")]).kind, FailureKind::Unauthorized);
}

#[test]
fn what_waha_cannot_do_is_unsupported() {
    for command in [Command::ListTemplates, Command::SubmitTemplate("{}".to_owned())] {
        let failure = run::<Waha>(&channel(), &command, []).result.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unsupported);
    }
}
