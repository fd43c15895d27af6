//! What a notification leaves out is asked for before the message is put into a conversation.

use crate::support::{
    Answer, COMMENT, MEMBER, PAGE, POST, REPLY, SHARE, asked, decorated, element, event, execute, lost, message,
    notification, recorded, with,
};
use patchbay_plugin_sdk::testing::answer;
use patchbay_plugin_sdk::{Command, Event, FailureKind, Message, Outcome, Polled};
use serde_json::{Value, json};

const AT: u64 = 1_749_400_000_000;

/// The cursor to ask with for a message that was told in part.
fn cursor(notification: Value) -> Command {
    let metadata: Value = serde_json::from_str(&message(event(notification)).metadata).unwrap();
    let cursor = metadata.get("patchbay-ask").and_then(Value::as_str);
    Command::Poll(Some(cursor.unwrap_or_default().to_owned()))
}

fn answered(actor: &str) -> Value {
    with(element(REPLY, actor, "Me too", AT), json!({"parentComment": COMMENT}))
}

fn told(command: &Command, answer: Answer) -> Vec<Message> {
    match execute(command, [answer]).result {
        Ok(Outcome::Polled(Polled { events, cursor: None })) => events.into_iter().map(message).collect(),
        other => panic!("not polled: {other:?}"),
    }
}

fn of_a_reply(action: &str) -> Command {
    let comment = json!({"owner": MEMBER, "text": "Me too", "entity": REPLY, "object": POST});
    cursor(notification(action, with(json!({"generatedActivity": REPLY}), decorated(comment))))
}

#[test]
fn an_answer_finds_the_comment_that_it_answers() {
    let command = of_a_reply("COMMENT");
    let run = execute(&command, [answer(200, &answered(MEMBER))]);
    let path = "socialActions/urn%3Ali%3Aactivity%3A6631349431612559360/comments/6643206422739898368";
    assert_eq!(asked(&run.requests[0]), ("GET", path));
    assert!(run.requests[0].idempotent);
    let [told] = told(&command, answer(200, &answered(MEMBER))).try_into().unwrap();
    assert_eq!((told.id.as_str(), told.thread.as_str(), told.echo), (REPLY, COMMENT, false));
    assert_eq!((told.reply_to.as_deref(), told.sender.aliases), (Some(COMMENT), vec![REPLY.to_owned()]));
    let metadata: Value = serde_json::from_str(&told.metadata).unwrap();
    assert_eq!(metadata, json!({"type": "comment", "post": POST, "author": MEMBER}));
}

#[test]
fn a_comment_on_the_post_stays_a_conversation_of_its_own() {
    let command = cursor(notification("COMMENT", json!({})));
    let [told] = told(&command, answer(200, &element(COMMENT, MEMBER, "Hello", AT))).try_into().unwrap();
    assert_eq!((told.thread.as_str(), told.content.text.as_deref()), (COMMENT, Some("Hello")));
}

#[test]
fn what_the_page_writes_is_an_echo_in_the_conversation_or_nothing() {
    let command = of_a_reply("ADMIN_COMMENT");
    let [echo] = told(&command, answer(200, &answered(PAGE))).try_into().unwrap();
    assert_eq!((echo.thread.as_str(), echo.echo), (COMMENT, true));
    assert_eq!(told(&command, answer(200, &element(REPLY, PAGE, "News", AT))), []);
}

#[test]
fn a_mention_without_its_text_is_asked_for() {
    let command =
        cursor(notification("SHARE_MENTION", json!({"generatedActivity": SHARE, "decoratedGeneratedActivity": null})));
    let post = json!({"id": SHARE, "author": MEMBER, "commentary": "Great support", "publishedAt": AT});
    let run = execute(&command, [answer(200, &post)]);
    assert_eq!(asked(&run.requests[0]), ("GET", "posts/urn%3Ali%3Ashare%3A7122658645678465024"));
    let [told_whole] = told(&command, answer(200, &post)).try_into().unwrap();
    assert_eq!((told_whole.thread.as_str(), told_whole.sender.id.as_str(), told_whole.sent_at), (SHARE, MEMBER, AT));
    assert_eq!(told_whole.content.text.as_deref(), Some("Great support"));
    assert_eq!(told(&command, answer(200, &with(post, json!({"author": PAGE})))), [], "the page mentions itself");
    let silent = execute(&command, [answer(200, &json!({"id": SHARE, "author": MEMBER}))]);
    assert_eq!(silent.result.unwrap_err().kind, FailureKind::Rejected);
}

#[test]
fn what_is_not_told_leaves_the_notification_and_the_channel_as_they_are() {
    for (answer, kind) in [
        (lost(), FailureKind::Temporary),
        (answer(503, &json!({})), FailureKind::Temporary),
        (answer(200, &json!([])), FailureKind::Temporary),
        (answer(200, &element(COMMENT, MEMBER, "another", AT)), FailureKind::Temporary),
        (answer(404, &json!({})), FailureKind::Rejected),
        (Ok(recorded("resp_err_403_access_denied")), FailureKind::Rejected),
        (Ok(recorded("resp_err_401_revoked")), FailureKind::Unauthorized),
    ] {
        let failed = execute(&of_a_reply("COMMENT"), [answer]).result.unwrap_err();
        assert_eq!(failed.kind, kind, "{failed:?}");
    }
    assert!(matches!(event(notification("COMMENT", json!({}))), Event::Message(_)), "it is a message all the same");
}
