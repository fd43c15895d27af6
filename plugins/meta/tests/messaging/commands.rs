//! What is not a message: receipts, typing, profiles, files, and the account itself.

use crate::support::{CONTACT, done, execute, json_body};
use patchbay_plugin_sdk::testing::answer;
use patchbay_plugin_sdk::{Auth, Command, FailureKind, MessageRef, Outcome, Response, TypingSignal};
use serde_json::json;

#[test]
fn each_conversation_is_marked_once() {
    let messages = [MessageRef::new("1", "a"), MessageRef::new("2", "b"), MessageRef::new("1", "c")];
    let run = execute(&Command::MarkRead(messages.to_vec()), [done(), done()]);
    assert_eq!(run.result, Ok(Outcome::Ok));
    let bodies: Vec<_> = run.requests.iter().map(json_body).collect();
    assert_eq!(bodies[0], json!({"recipient": {"id": "1"}, "sender_action": "mark_seen"}));
    assert_eq!(bodies[1], json!({"recipient": {"id": "2"}, "sender_action": "mark_seen"}));
}

#[test]
fn typing_begins_and_ends() {
    for (on, action) in [(true, "typing_on"), (false, "typing_off")] {
        let signal = TypingSignal { thread: CONTACT.to_owned(), on, last_message: None };
        let run = execute(&Command::SetTyping(signal), [done()]);
        assert_eq!(json_body(&run.requests[0]), json!({"recipient": {"id": CONTACT}, "sender_action": action}));
    }
}

#[test]
fn a_person_who_may_not_be_asked_about_stops_no_channel() {
    let refused = |status, code: u32| answer(status, &json!({"error": {"message": "no", "code": code}}));
    let profile = Command::FetchProfile(CONTACT.to_owned());
    for (answer, kind) in [
        (refused(403, 230), FailureKind::Rejected),
        (refused(403, 10), FailureKind::Rejected),
        (refused(403, 200), FailureKind::Rejected),
        (refused(400, 100), FailureKind::Rejected),
        (refused(401, 190), FailureKind::Unauthorized),
        (answer(401, &json!({})), FailureKind::Unauthorized),
        (answer(503, &json!({})), FailureKind::Temporary),
    ] {
        assert_eq!(execute(&profile, [answer]).result.unwrap_err().kind, kind);
    }
}

#[test]
fn a_file_is_fetched_without_the_token() {
    let saved = Response { status: 200, headers: Vec::new(), body: Vec::new(), saved: Some("media-1".to_owned()) };
    let run = execute(&Command::FetchMedia("https://cdn/x".to_owned()), [Ok(saved)]);
    assert_eq!((run.requests[0].url.as_str(), &run.requests[0].auth), ("https://cdn/x", &Auth::None));
    assert!(run.requests[0].save_body);
    assert_eq!(run.result, Ok(Outcome::Media("media-1".to_owned())));
    let no_address = execute(&Command::FetchMedia("file-1".to_owned()), []);
    assert_eq!(no_address.result.unwrap_err().kind, FailureKind::Rejected);
}

#[test]
fn the_account_is_tested_and_subscribed() {
    let run = execute(&Command::TestConnection, [answer(200, &json!({"id": "1"}))]);
    assert_eq!(run.result, Ok(Outcome::Ok));
    let expired = answer(400, &json!({"error": {"code": 190, "message": "expired"}}));
    let failure = execute(&Command::TestConnection, [expired]).result.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unauthorized);
    let run = execute(&Command::RegisterWebhook, [answer(200, &json!({"success": true}))]);
    assert!(run.requests[0].url.contains("/subscribed_apps?subscribed_fields=messages%2C"));
}

#[test]
fn what_it_cannot_do_it_says() {
    let edit = Command::Delete(MessageRef::new(CONTACT, "m"));
    assert_eq!(execute(&edit, []).result.unwrap_err().kind, FailureKind::Unsupported);
}
