//! Commands other than sending.

use crate::support::{ACCOUNT, CONTACT, NUMBER, done, execute, fixture, json_body};
use patchbay_plugin_sdk::testing::{answer, channel, run};
use patchbay_plugin_sdk::{
    Command, Content, FailureKind, MessageRef, Outcome, OutgoingEdit, Participant, TransportError, TypingSignal,
};
use patchbay_plugin_whatsapp::WhatsApp;
use serde_json::{Value, json};

#[test]
fn mark_read_marks_the_last_of_each_thread() {
    let messages = [("a", "1"), ("b", "2"), ("a", "3")].map(|(thread, id)| MessageRef::new(thread, id));
    let read = || Ok(fixture("resp_read_ok").response());
    let run = execute(&Command::MarkRead(messages.to_vec()), [read(), read()]);
    assert_eq!(run.result, Ok(Outcome::Ok));
    let bodies: Vec<Value> = run.requests.iter().map(json_body).collect();
    let body = |id: &str| json!({"messaging_product": "whatsapp", "status": "read", "message_id": id});
    assert_eq!(bodies, [body("2"), body("3")]);
    assert!(run.requests.iter().all(|request| request.idempotent));
    assert_eq!(execute(&Command::MarkRead(vec![]), []).result, Ok(Outcome::Ok));
}

#[test]
fn mark_read_that_is_lost_is_temporary() {
    let command = Command::MarkRead(vec![MessageRef::new("a", "1")]);
    let lost = execute(&command, [Err(TransportError::Unknown("lost".to_owned()))]);
    assert_eq!(lost.result.unwrap_err().kind, FailureKind::Temporary);
}

fn typing(on: bool, last_message: Option<&str>) -> Command {
    Command::SetTyping(TypingSignal { thread: CONTACT.to_owned(), on, last_message: last_message.map(str::to_owned) })
}

#[test]
fn typing_goes_with_the_contacts_last_message() {
    let run = execute(&typing(true, Some("wamid.1")), [done()]);
    assert_eq!(run.result, Ok(Outcome::Ok));
    assert_eq!(
        json_body(&run.requests[0]),
        json!({
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": "wamid.1",
            "typing_indicator": {"type": "text"},
        })
    );
    assert_eq!(execute(&typing(true, None), []).result.unwrap_err().kind, FailureKind::Rejected);
    assert_eq!(execute(&typing(false, Some("wamid.1")), []).result, Ok(Outcome::Ok));
}

#[test]
fn test_connection() {
    let told = json!({"verified_name": "Shop", "display_phone_number": "+31 20 123 4567", "id": NUMBER});
    let run = execute(&Command::TestConnection, [answer(200, &told)]);
    let number = Participant {
        name: Some("Shop".to_owned()),
        phone: Some("+31201234567".to_owned()),
        ..Participant::new(NUMBER)
    };
    assert_eq!(run.result, Ok(Outcome::Profile(number)));
    let silent = execute(&Command::TestConnection, [answer(200, &json!({"success": true}))]);
    assert_eq!(silent.result, Ok(Outcome::Profile(Participant::new(NUMBER))));
    let url = format!("https://graph.facebook.com/v24.0/{NUMBER}?fields=display_phone_number%2Cverified_name");
    assert_eq!((run.requests[0].method.as_str(), &run.requests[0].url), ("GET", &url));
    let refused = execute(&Command::TestConnection, [Ok(fixture("resp_err_190").response())]);
    assert_eq!(refused.result.unwrap_err().kind, FailureKind::Unauthorized);
}

#[test]
fn register_webhook_subscribes_the_app() {
    let run = execute(&Command::RegisterWebhook, [done()]);
    assert_eq!(run.result, Ok(Outcome::Ok));
    let url = format!("https://graph.facebook.com/v24.0/{ACCOUNT}/subscribed_apps");
    assert_eq!((run.requests[0].method.as_str(), &run.requests[0].url), ("POST", &url));
}

#[test]
fn requests_go_where_the_channel_points() {
    let config = json!({"phoneNumberId": "1", "apiVersion": "v25.0", "apiBaseUrl": "http://127.0.0.1:4000"});
    let run = run::<WhatsApp>(&channel("WHATSAPP", &config), &Command::TestConnection, [done()]);
    let url = "http://127.0.0.1:4000/v25.0/1?fields=display_phone_number%2Cverified_name";
    assert_eq!(run.requests[0].url, url);
}

#[test]
fn what_whatsapp_cannot_do_is_unsupported() {
    let message = MessageRef::new(CONTACT, "wamid.1");
    let edit = OutgoingEdit { message: message.clone(), to: Participant::new(CONTACT), content: Content::text("x") };
    let commands = [
        Command::Edit(edit),
        Command::Delete(message),
        Command::FetchProfile(CONTACT.to_owned()),
        Command::ListContacts(None),
        Command::Poll(None),
        Command::SessionStart,
        Command::Qr,
    ];
    for command in commands {
        assert_eq!(execute(&command, []).result.unwrap_err().kind, FailureKind::Unsupported, "{command:?}");
    }
}
