//! What is not a message: receipts, typing, profiles, files, and the account itself.

use crate::support::{CONTACT, channel_with, done, execute, json_body};
use patchbay_plugin_instagram::Instagram;
use patchbay_plugin_sdk::testing::{answer, run};
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
    let profile =
        json!({"name": "Peter Chang", "profile_pic": "https://cdn/p.jpg", "id": CONTACT, "username": "peter"});
    let run = execute(&Command::FetchProfile(CONTACT.to_owned()), [answer(200, &profile)]);
    assert!(
        run.requests[0].url.ends_with("/v24.0/6525124850842116?fields=name%2Cusername%2Cprofile_pic"),
        "{}",
        run.requests[0].url
    );
    let person = Participant {
        name: Some("Peter Chang".to_owned()),
        username: Some("peter".to_owned()),
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
fn a_page_is_subscribed_to_what_pages_know() {
    let fields = |page: &str| {
        let channel = channel_with(json!({"facebookPageId": page}));
        let run = run::<Instagram>(&channel, &Command::RegisterWebhook, [answer(200, &json!({"success": true}))]);
        run.requests[0].url.split_once("subscribed_fields=").unwrap().1.replace("%2C", ",")
    };
    let (page, login) = (fields("682498302938465"), fields(""));
    assert!(page.contains("message_reads,") && !page.contains("messaging_seen"), "{page}");
    assert!(login.contains("messaging_seen,") && !login.contains("message_reads"), "{login}");
}

#[test]
fn what_it_cannot_do_it_says() {
    let edit = Command::Delete(MessageRef::new(CONTACT, "m"));
    assert_eq!(execute(&edit, []).result.unwrap_err().kind, FailureKind::Unsupported);
}

#[test]
fn a_reaction_is_given_and_taken_back() {
    let react = |emoji: Option<&str>| {
        let emoji = emoji.map(str::to_owned);
        let reaction =
            OutgoingReaction { message: MessageRef::new(CONTACT, "m"), to: Participant::new(CONTACT), emoji };
        json_body(&execute(&Command::React(reaction), [done()]).requests[0])
    };
    let recipient = json!({"id": CONTACT});
    let payload = json!({"message_id": "m", "reaction": "❤️"});
    assert_eq!(react(Some("❤️")), json!({"recipient": recipient, "sender_action": "react", "payload": payload}));
    let payload = json!({"message_id": "m"});
    assert_eq!(react(None), json!({"recipient": recipient, "sender_action": "unreact", "payload": payload}));
}
