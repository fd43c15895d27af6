//! Everything but sending and files.

use crate::support::{CONTACT, MESSAGES, execute, fields, sms, whatsapp};
use patchbay_plugin_sdk::testing::{answer, channel};
use patchbay_plugin_sdk::{Auth, Command, FailureKind, MessageRef, Outcome, TypingSignal};
use serde_json::json;

fn typing(on: bool, last_message: Option<&str>) -> Command {
    let last_message = last_message.map(str::to_owned);
    Command::SetTyping(TypingSignal { thread: CONTACT.to_owned(), on, last_message })
}

#[test]
fn typing_is_shown_on_whatsapp_in_answer_to_a_message() {
    let run = execute(&whatsapp(), &typing(true, Some("SM1")), [answer(200, &json!({"success": true}))]);
    assert_eq!(run.result, Ok(Outcome::Ok));
    let request = &run.requests[0];
    assert_eq!(request.url, "https://messaging.twilio.com/v2/Indicators/Typing.json");
    assert_eq!(fields(request), [("channel", "whatsapp"), ("messageId", "SM1")]);
    assert!(request.idempotent && matches!(request.auth, Auth::Basic(_)));
    assert_eq!(execute(&whatsapp(), &typing(false, Some("SM1")), []).result, Ok(Outcome::Ok));
    assert_eq!(execute(&whatsapp(), &typing(true, None), []).result.unwrap_err().kind, FailureKind::Rejected);
    assert_eq!(execute(&sms(), &typing(true, Some("SM1")), []).result.unwrap_err().kind, FailureKind::Unsupported);
}

#[test]
fn a_connection_is_tested_by_listing_a_message() {
    let run = execute(&sms(), &Command::TestConnection, [answer(200, &json!({"messages": []}))]);
    assert_eq!(run.result, Ok(Outcome::Ok));
    assert_eq!(run.requests[0].url, format!("{MESSAGES}?PageSize=1"));
    let refused = answer(401, &json!({"code": 20003, "message": "Authenticate"}));
    let failure = execute(&sms(), &Command::TestConnection, [refused]).result.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unauthorized);
    let nobody = channel("TWILIO_SMS", &json!({"accountSid": "AC1"}));
    assert_eq!(execute(&nobody, &Command::TestConnection, []).result.unwrap_err().kind, FailureKind::Rejected);
}

#[test]
fn what_twilio_has_no_call_for_is_unsupported() {
    let message = MessageRef::new(CONTACT, "SM1");
    for command in [
        Command::MarkRead(vec![message.clone()]),
        Command::Delete(message),
        Command::RegisterWebhook,
        Command::Poll(None),
        Command::Qr,
    ] {
        assert_eq!(execute(&sms(), &command, []).result.unwrap_err().kind, FailureKind::Unsupported);
    }
}
