//! What is not a message: receipts, typing, profiles, files, and the account itself.

use crate::support::{CONTACT, done, execute, json_body};
use patchbay_plugin_sdk::testing::answer;
use patchbay_plugin_sdk::{
    Auth, Command, FailureKind, MessageRef, Outcome, OutgoingReaction, Participant, Response, TypingSignal,
};
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
fn a_profile() {
    let profile = json!({"name": "Peter Chang", "profile_pic": "https://cdn/p.jpg", "id": CONTACT});
    let run = execute(&Command::FetchProfile(CONTACT.to_owned()), [answer(200, &profile)]);
    assert!(
        run.requests[0].url.ends_with("/v24.0/1254459154682919?fields=name%2Cfirst_name%2Clast_name%2Cprofile_pic"),
        "{}",
        run.requests[0].url
    );
    let person = Participant {
        name: Some("Peter Chang".to_owned()),
        username: None,
        avatar_url: Some("https://cdn/p.jpg".to_owned()),
        ..Participant::new(CONTACT)
    };
    assert_eq!(run.result, Ok(Outcome::Profile(person)));
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

#[test]
fn it_does_not_react() {
    let reaction = OutgoingReaction {
        message: MessageRef::new(CONTACT, "m"),
        to: Participant::new(CONTACT),
        emoji: Some("👍".to_owned()),
    };
    assert_eq!(execute(&Command::React(reaction), []).result.unwrap_err().kind, FailureKind::Unsupported);
}
