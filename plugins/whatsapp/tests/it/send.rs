//! Every kind of message, as the exact JSON that Meta gets.

use crate::support::{Answer, BSUID, CONTACT, execute, json_body, sent};
use patchbay_plugin_sdk::testing::{answer, outgoing};
use patchbay_plugin_sdk::{
    Auth, Choice, Command, Content, Detail, Failure, FailureKind, Location, MessageRef, Outcome, Outgoing,
    OutgoingReaction, Participant, Request,
};
use serde_json::{Value, json};

pub fn detailed(text: Option<&str>, detail: Detail) -> Content {
    Content { text: text.map(str::to_owned), detail: Some(detail), ..Content::empty() }
}

/// The only request of a send that is accepted.
pub fn body(outgoing: Outgoing) -> Value {
    let run = execute(&Command::Send(outgoing), [sent(1)]);
    assert_eq!(run.result, Ok(Outcome::Sent(vec!["wamid.OUT1".to_owned()])));
    let request = &run.requests[0];
    assert_eq!(request.method, "POST");
    assert_eq!(request.url, "https://graph.facebook.com/v24.0/106540352242922/messages");
    assert_eq!(request.auth, Auth::Bearer("accessToken".to_owned()));
    assert!(!request.idempotent);
    json_body(request)
}

/// What every message to the test's contact has.
pub fn expected(fields: Value) -> Value {
    let mut body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+16505551234",
        "biz_opaque_callback_data": "out-1",
    });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

/// Refused before anything is sent.
pub fn refused(content: Content) -> Failure {
    execute(&Command::Send(outgoing(CONTACT, content)), []).result.unwrap_err()
}

#[test]
fn send_text() {
    let body = body(outgoing(CONTACT, Content::text("hello")));
    assert_eq!(body, expected(json!({"type": "text", "text": {"body": "hello"}})));
}

#[test]
fn send_text_with_a_preview() {
    let outgoing = Outgoing { metadata: r#"{"previewUrl": true}"#.to_owned(), ..outgoing(CONTACT, Content::text("x")) };
    assert_eq!(body(outgoing)["text"], json!({"body": "x", "preview_url": true}));
}

#[test]
fn send_text_as_a_reply() {
    let outgoing = Outgoing { reply_to: Some("wamid.0".to_owned()), ..outgoing(CONTACT, Content::text("x")) };
    let fields = json!({"type": "text", "text": {"body": "x"}, "context": {"message_id": "wamid.0"}});
    assert_eq!(body(outgoing), expected(fields));
}

#[test]
fn send_text_at_its_limit() {
    let longest = "é".repeat(4096);
    assert_eq!(body(outgoing(CONTACT, Content::text(longest.clone())))["text"]["body"], json!(longest));
    let failure = refused(Content::text("é".repeat(4097)));
    assert_eq!(failure.kind, FailureKind::Rejected);
    assert_eq!(failure.message, "the text has 4097 characters, WhatsApp takes 4096");
    for empty in [Content::empty(), Content::text("")] {
        assert_eq!(refused(empty).message, "the message is empty");
    }
}

fn addressed(to: Participant, thread: &str) -> Value {
    let sample = outgoing(CONTACT, Content::text("x"));
    let mut body = body(Outgoing { to, thread: thread.to_owned(), ..sample });
    let fields = body.as_object_mut().unwrap();
    fields.retain(|key, _| ["recipient_type", "to", "recipient"].contains(&key.as_str()));
    body
}

#[test]
fn send_recipients() {
    let individual = |field: &str, address: &str| json!({"recipient_type": "individual", field: address});
    let plain = Participant::new;
    let phone = Participant { phone: Some("+1 (650) 555-1234".to_owned()), ..plain(BSUID) };
    assert_eq!(addressed(phone, BSUID), individual("to", "+16505551234"));
    let aliased = Participant { aliases: vec![CONTACT.to_owned()], ..plain(BSUID) };
    assert_eq!(addressed(aliased, BSUID), individual("to", "+16505551234"));
    assert_eq!(addressed(plain("+16505551234"), ""), individual("to", "+16505551234"));
    assert_eq!(addressed(plain(BSUID), BSUID), individual("recipient", BSUID));
    let group = "Y2FwaV9ncm91cDox";
    assert_eq!(addressed(plain(CONTACT), group), json!({"recipient_type": "group", "to": group}));
}

#[test]
fn send_to_nobody() {
    let nobody = Outgoing { thread: String::new(), ..outgoing("nobody", Content::text("x")) };
    let failure = execute(&Command::Send(nobody), []).result.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected);
    assert!(failure.message.contains("neither a telephone number"), "{}", failure.message);
}

#[test]
fn send_location() {
    let place = Location {
        latitude: 37.44,
        longitude: -122.16,
        name: Some("Philz Coffee".to_owned()),
        address: Some("101 Forest Ave".to_owned()),
    };
    let fields = json!({"type": "location", "location":
        {"latitude": 37.44, "longitude": -122.16, "name": "Philz Coffee", "address": "101 Forest Ave"}});
    assert_eq!(body(outgoing(CONTACT, detailed(None, Detail::Location(place)))), expected(fields));
    let pin = Location { latitude: 1.0, longitude: 2.0, name: None, address: None };
    let body = body(outgoing(CONTACT, detailed(None, Detail::Location(pin))));
    assert_eq!(body["location"], json!({"latitude": 1.0, "longitude": 2.0}));
}

#[test]
fn send_location_after_its_text() {
    let place = Location { latitude: 1.0, longitude: 2.0, name: None, address: None };
    let content = detailed(Some("Here:"), Detail::Location(place));
    let run = execute(&Command::Send(outgoing(CONTACT, content)), [sent(1), sent(2)]);
    assert_eq!(run.result, Ok(Outcome::Sent(vec!["wamid.OUT1".to_owned(), "wamid.OUT2".to_owned()])));
    let kinds: Vec<Value> = run.requests.iter().map(|request| json_body(request)["type"].clone()).collect();
    assert_eq!(kinds, ["text", "location"]);
}

#[test]
fn send_contacts() {
    let known = Participant {
        name: Some("Ann Lee".to_owned()),
        phone: Some("+19835552319".to_owned()),
        email: Some("ann@example.com".to_owned()),
        ..Participant::new("19835552319")
    };
    let nameless = Participant { phone: Some("+4930123".to_owned()), ..Participant::new("") };
    let fields = json!({"type": "contacts", "contacts": [
        {
            "name": {"formatted_name": "Ann Lee", "first_name": "Ann Lee"},
            "phones": [{"phone": "+19835552319", "wa_id": "19835552319"}],
            "emails": [{"email": "ann@example.com"}],
        },
        {"name": {"formatted_name": "+4930123", "first_name": "+4930123"}, "phones": [{"phone": "+4930123"}]},
    ]});
    let contacts = detailed(None, Detail::Contacts(vec![known, nameless]));
    assert_eq!(body(outgoing(CONTACT, contacts)), expected(fields));
    assert_eq!(refused(detailed(None, Detail::Contacts(vec![]))).message, "there is no contact to send");
}

#[test]
fn send_nothing_that_whatsapp_cannot_carry() {
    let choice = Choice { id: "1".to_owned(), title: "One".to_owned(), description: None };
    for detail in [Detail::Choice(choice), Detail::Unsupported("{}".to_owned())] {
        assert_eq!(refused(detailed(None, detail)).kind, FailureKind::Unsupported);
    }
}

#[test]
fn send_reaction() {
    let react = |emoji: Option<&str>| {
        let reaction = OutgoingReaction {
            message: MessageRef::new(CONTACT, "wamid.0"),
            to: Participant::new(CONTACT),
            emoji: emoji.map(str::to_owned),
        };
        let run = execute(&Command::React(reaction), [sent(1)]);
        assert_eq!(run.result, Ok(Outcome::Ok));
        assert!(run.requests[0].idempotent);
        json_body(&run.requests[0])
    };
    let fields = |emoji: &str| {
        json!({
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": "+16505551234",
            "type": "reaction",
            "reaction": {"message_id": "wamid.0", "emoji": emoji},
        })
    };
    assert_eq!(react(Some("👍")), fields("👍"));
    assert_eq!(react(None), fields(""));
}

#[test]
fn send_fails_in_the_middle_and_is_held() {
    let place = Location { latitude: 1.0, longitude: 2.0, name: None, address: None };
    let content = detailed(Some("Here:"), Detail::Location(place));
    let refusal = |code: u32| answer(400, &json!({"error": {"message": "too fast", "code": code}}));
    let command = Command::Send(outgoing(CONTACT, content));
    let failed = |answers: Vec<Answer>| execute(&command, answers).result.unwrap_err();
    let failure = failed(vec![sent(1), refusal(131_048)]);
    assert_eq!((failure.kind, failure.code.as_deref()), (FailureKind::Unknown, Some("131048")));
    assert_eq!(failure.message, "1 of 2 messages were sent, then: too fast");
    // Whom it cannot reach is known all the same.
    assert_eq!(failed(vec![sent(1), refusal(131_026)]).kind, FailureKind::Unreachable);
    // A short wait is waited for, before the same message.
    let run = execute(&command, [sent(1), refusal(131_056), sent(2)]);
    assert_eq!(run.result, Ok(Outcome::Sent(vec!["wamid.OUT1".to_owned(), "wamid.OUT2".to_owned()])));
    assert_eq!(json_body(&run.requests[1]), json_body(&run.requests[2]));
    let wait = |request: &Request| request.headers.iter().find(|header| header.name == "patchbay-wait-ms").cloned();
    assert_eq!((wait(&run.requests[1]), wait(&run.requests[2]).unwrap().value), (None, "6000".to_owned()));
    let again = || refusal(130_429);
    assert_eq!(failed(vec![sent(1), again(), again(), again()]).kind, FailureKind::Unknown);
}

#[test]
fn a_long_text_is_split_where_the_channel_says_so() {
    let channel = patchbay_plugin_sdk::testing::channel(
        "WHATSAPP",
        &json!({"phoneNumberId": crate::support::NUMBER, "longText": "split"}),
    );
    let text = format!("{} {}", "a".repeat(4000), "b".repeat(4000));
    let command = Command::Send(outgoing(CONTACT, Content::text(text)));
    let run =
        patchbay_plugin_sdk::testing::run::<patchbay_plugin_whatsapp::WhatsApp>(&channel, &command, [sent(1), sent(2)]);
    let bodies: Vec<_> = run.requests.iter().map(|request| json_body(request)["text"]["body"].clone()).collect();
    assert_eq!(bodies, [json!("a".repeat(4000)), json!("b".repeat(4000))]);
}
