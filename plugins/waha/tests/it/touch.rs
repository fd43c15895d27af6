//! What is done to messages that exist.

use crate::support::{CONTACT, GROUP, asked, done, execute, failure, json_body, lost, unready};
use patchbay_plugin_sdk::testing::answer;
use patchbay_plugin_sdk::{
    Attachment, Command, Content, FailureKind, MediaKind, MediaSource, MessageRef, Outcome, OutgoingEdit,
    OutgoingReaction, Participant, TypingSignal,
};
use serde_json::{Value, json};

fn react(thread: &str, id: &str, emoji: Option<&str>) -> Command {
    let (message, to) = (MessageRef::new(thread, id), Participant::new(CONTACT));
    Command::React(OutgoingReaction { message, to, emoji: emoji.map(str::to_owned) })
}

fn reaction(id: &str, emoji: &str) -> Value {
    json!({"session": "default", "messageId": id, "reaction": emoji})
}

#[test]
fn reactions() {
    for (command, id, emoji) in [
        (react(CONTACT, "AAAA", Some("👍")), "false_11111111111@c.us_AAAA".to_owned(), "👍"),
        (react(CONTACT, "AAAA", None), "false_11111111111@c.us_AAAA".to_owned(), ""),
        (react(CONTACT, "true_1@c.us_BBBB", Some("👍")), "true_1@c.us_BBBB".to_owned(), "👍"),
        (react(GROUP, "AAAA", Some("👍")), format!("false_{GROUP}_AAAA_{CONTACT}"), "👍"),
    ] {
        let run = execute(&command, [answer(200, &json!({}))]);
        assert_eq!(run.result, Ok(Outcome::Ok));
        assert_eq!((asked(&run.requests[0]), run.requests[0].idempotent), (("PUT", "/api/reaction"), true));
        assert_eq!(json_body(&run.requests[0]), reaction(&id, emoji));
    }
}

#[test]
fn a_reaction_to_no_contacts_message_is_to_one_of_ours() {
    let command = react(CONTACT, "AAAA", Some("👍"));
    for status in [404, 500] {
        let missing = || answer(status, &json!({"message": "Message not found", "statusCode": status}));
        let run = execute(&command, [missing(), done()]);
        assert_eq!(run.result, Ok(Outcome::Ok));
        assert_eq!(json_body(&run.requests[1]), reaction("true_11111111111@c.us_AAAA", "👍"));
        assert!(execute(&command, [missing(), missing()]).result.is_err());
    }
    assert_eq!(failure(&command, [unready("FAILED")]).kind, FailureKind::Unauthorized);
    assert_eq!(failure(&command, [lost()]).kind, FailureKind::Temporary);
}

#[test]
fn edits() {
    let edit = |content: Content| {
        let message = MessageRef::new(CONTACT, "3EB0");
        Command::Edit(OutgoingEdit { message, to: Participant::new(CONTACT), content })
    };
    let file = Attachment {
        caption: Some("new".to_owned()),
        ..Attachment::new(MediaKind::Image, MediaSource::Stored("m1".to_owned()))
    };
    for content in [Content::text("new"), Content { attachments: vec![file], ..Content::empty() }] {
        let run = execute(&edit(content), [answer(200, &json!({}))]);
        assert_eq!(run.result, Ok(Outcome::Ok));
        let path = "/api/default/chats/11111111111%40c.us/messages/true_11111111111%40c.us_3EB0";
        assert_eq!((asked(&run.requests[0]), run.requests[0].idempotent), (("PUT", path), true));
        assert_eq!(json_body(&run.requests[0]), json!({"text": "new"}));
    }
    assert_eq!(failure(&edit(Content::text("")), []).kind, FailureKind::Rejected);
}

#[test]
fn deletions() {
    let run = execute(&Command::Delete(MessageRef::new(CONTACT, "3EB0")), [answer(200, &json!({}))]);
    assert_eq!(run.result, Ok(Outcome::Ok));
    let path = "/api/default/chats/11111111111%40c.us/messages/true_11111111111%40c.us_3EB0";
    assert_eq!((asked(&run.requests[0]), run.requests[0].idempotent), (("DELETE", path), true));
    assert_eq!(failure(&Command::Delete(MessageRef::new("nowhere", "3EB0")), []).kind, FailureKind::Rejected);
}

#[test]
fn marking_as_read_takes_a_call_for_each_chat() {
    let messages = [(CONTACT, "1"), (GROUP, "2"), (CONTACT, "3")].map(|(thread, id)| MessageRef::new(thread, id));
    let run = execute(&Command::MarkRead(messages.to_vec()), [done(), done()]);
    assert_eq!(run.result, Ok(Outcome::Ok));
    let bodies: Vec<Value> = run.requests.iter().map(json_body).collect();
    let ids = ["false_11111111111@c.us_1", "false_11111111111@c.us_3"];
    let expected = [
        json!({"session": "default", "chatId": CONTACT, "messageIds": ids}),
        json!({"session": "default", "chatId": GROUP}),
    ];
    assert_eq!(bodies, expected);
    assert!(run.requests.iter().all(|request| asked(request) == ("POST", "/api/sendSeen") && request.idempotent));
    assert_eq!(execute(&Command::MarkRead(vec![]), []).result, Ok(Outcome::Ok));
    assert_eq!(failure(&Command::MarkRead(messages.to_vec()), [lost()]).kind, FailureKind::Temporary);
}

#[test]
fn typing() {
    for (on, path) in [(true, "/api/startTyping"), (false, "/api/stopTyping")] {
        let signal = TypingSignal { thread: CONTACT.to_owned(), on, last_message: None };
        let run = execute(&Command::SetTyping(signal), [done()]);
        assert_eq!(run.result, Ok(Outcome::Ok));
        assert_eq!(asked(&run.requests[0]), ("POST", path));
        assert_eq!(json_body(&run.requests[0]), json!({"session": "default", "chatId": CONTACT}));
    }
}
