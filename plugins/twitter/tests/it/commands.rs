//! Everything that is no message.

use crate::support::{ACCOUNT, CONTACT, asked, execute, execute_by_oauth2, failure, lost, recorded};
use patchbay_plugin_sdk::testing::answer;
use patchbay_plugin_sdk::{Body, Command, FailureKind, MessageRef, Outcome, Request, TypingSignal};
use serde_json::json;

fn form(request: &Request) -> Vec<(&str, &str)> {
    match &request.body {
        Body::Form(fields) => fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        other => panic!("not a form: {other:?}"),
    }
}

fn typing(thread: &str, on: bool) -> Command {
    Command::SetTyping(TypingSignal { thread: thread.to_owned(), on, last_message: None })
}

#[test]
fn typing_is_shown() {
    let run = execute(&typing(CONTACT, true), [answer(204, &json!(null))]);
    assert_eq!(run.result, Ok(Outcome::Ok));
    assert_eq!(asked(&run.requests[0]), ("POST", "/1.1/direct_messages/indicate_typing.json"));
    assert_eq!(form(&run.requests[0]), [("recipient_id", CONTACT)]);
    for nothing in [typing(CONTACT, false), typing("g77", true)] {
        assert_eq!(execute(&nothing, []).result, Ok(Outcome::Ok));
    }
    assert_eq!(execute_by_oauth2(&typing(CONTACT, true), []).result.unwrap_err().kind, FailureKind::Unauthorized);
}

#[test]
fn marking_as_read_takes_the_last_message_of_each_conversation() {
    let messages = [(CONTACT, "9"), ("5", "7"), (CONTACT, "10"), ("5", "e4f4d3fc-8bbf"), ("g77", "8"), ("5", "6")];
    let messages = messages.map(|(thread, id)| MessageRef::new(thread, id)).to_vec();
    let done = || answer(204, &json!(null));
    let run = execute(&Command::MarkRead(messages.clone()), [done(), done()]);
    assert_eq!(run.result, Ok(Outcome::Ok));
    let forms: Vec<_> = run.requests.iter().map(form).collect();
    let fields = |last, thread| vec![("last_read_event_id", last), ("recipient_id", thread)];
    assert_eq!(forms, [fields("10", CONTACT), fields("7", "5")]);
    assert_eq!(asked(&run.requests[0]), ("POST", "/1.1/direct_messages/mark_read.json"));
    assert_eq!(execute(&Command::MarkRead(vec![]), []).result, Ok(Outcome::Ok));
    assert_eq!(failure(&Command::MarkRead(messages), [lost()]).kind, FailureKind::Temporary);
}

#[test]
fn deletions() {
    let run =
        execute(&Command::Delete(MessageRef::new(CONTACT, "7")), [answer(200, &json!({"data": {"deleted": true}}))]);
    assert_eq!(run.result, Ok(Outcome::Ok));
    assert_eq!(asked(&run.requests[0]), ("DELETE", "/2/dm_events/7"));
    let encrypted = Command::Delete(MessageRef::new(CONTACT, "e4f4d3fc-8bbf"));
    assert_eq!(failure(&encrypted, []).kind, FailureKind::Rejected);
}

#[test]
fn a_connection_is_good_when_it_is_the_accounts() {
    let me = |id: &str| answer(200, &json!({"data": {"id": id, "name": "Shop", "username": "shop"}}));
    let run = execute(&Command::TestConnection, [me(ACCOUNT)]);
    assert_eq!((run.result, asked(&run.requests[0])), (Ok(Outcome::Ok), ("GET", "/2/users/me")));
    for wrong in [me("1"), recorded("resp_err_401_unauthorized")] {
        assert_eq!(failure(&Command::TestConnection, [wrong]).kind, FailureKind::Unauthorized);
    }
    assert_eq!(failure(&Command::TestConnection, [answer(200, &json!({}))]).kind, FailureKind::Temporary);
}

#[test]
fn what_x_cannot_do_is_unsupported() {
    for command in [Command::ListTemplates, Command::Qr, Command::SessionStatus, Command::FetchProfile("1".to_owned())]
    {
        assert_eq!(failure(&command, []).kind, FailureKind::Unsupported);
    }
}
