//! Everything that is no message.

use crate::support::{ACCOUNT, CONTACT, asked, execute, execute_by_oauth2, failure, lost, recorded};
use patchbay_plugin_sdk::testing::answer;
use patchbay_plugin_sdk::{Body, Command, FailureKind, MessageRef, Outcome, Participant, Request, TypingSignal};
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
    assert_eq!(execute_by_oauth2(&typing(CONTACT, true), []).result.unwrap_err().kind, FailureKind::Unsupported);
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
    for command in [Command::ListTemplates, Command::Qr, Command::SessionStatus] {
        assert_eq!(failure(&command, []).kind, FailureKind::Unsupported);
    }
}

#[test]
fn a_profile() {
    let fetch = |id: &str| Command::FetchProfile(id.to_owned());
    let told = json!({"data": {"id": CONTACT, "name": "Ada", "username": "ada", "profile_image_url": "https://pbs.twimg.com/a.jpg"}});
    let run = execute(&fetch(CONTACT), [answer(200, &told)]);
    let path = format!("/2/users/{CONTACT}?user.fields=name%2Cprofile_image_url%2Cusername");
    assert_eq!(asked(&run.requests[0]), ("GET", path.as_str()));
    let person = Participant {
        name: Some("Ada".to_owned()),
        username: Some("ada".to_owned()),
        avatar_url: Some("https://pbs.twimg.com/a.jpg".to_owned()),
        ..Participant::new(CONTACT)
    };
    assert_eq!(run.result, Ok(Outcome::Profile(person)));
    for (refused, kind) in [
        (
            answer(403, &json!({"title": "x", "detail": "y", "type": "https://api.x.com/2/problems/client-forbidden"})),
            FailureKind::Rejected,
        ),
        (answer(401, &json!({"title": "Unauthorized"})), FailureKind::Unauthorized),
        (answer(200, &json!({"errors": [{"title": "Not Found Error"}]})), FailureKind::Rejected),
        (lost(), FailureKind::Temporary),
    ] {
        assert_eq!(failure(&fetch(CONTACT), [refused]).kind, kind);
    }
    assert_eq!(failure(&fetch("g77"), []).kind, FailureKind::Rejected);
}
