//! Every kind of message, as the exact JSON that WAHA gets.

use crate::support::{CONTACT, GROUP, asked, done, execute, failure, json_body, lost, recorded, sent, unready, with};
use patchbay_plugin_sdk::testing::{answer, outgoing};
use patchbay_plugin_sdk::{
    Choice, Choices, Command, Content, Detail, FailureKind, Location, Outcome, Outgoing, Participant,
};
use serde_json::{Value, json};

pub fn detailed(text: Option<&str>, detail: Detail) -> Content {
    Content { text: text.map(str::to_owned), detail: Some(detail), ..Content::empty() }
}

/// The only call of a send that goes well: its path and its body.
pub fn call(outgoing: Outgoing) -> (String, Value) {
    let run = execute(&Command::Send(outgoing), [sent(1)]);
    assert_eq!(run.result, Ok(Outcome::Sent(vec!["3EB0D1".to_owned()])));
    let request = &run.requests[0];
    assert!(!request.idempotent);
    let (method, path) = asked(request);
    assert_eq!(method, "POST");
    (path.to_owned(), json_body(request))
}

/// What every message to the test's contact has.
pub fn expected(fields: Value) -> Value {
    with(json!({"session": "default", "chatId": CONTACT}), fields)
}

pub fn refused(content: Content) -> patchbay_plugin_sdk::Failure {
    failure(&Command::Send(outgoing(CONTACT, content)), [])
}

#[test]
fn send_text() {
    let (path, body) = call(outgoing(CONTACT, Content::text("hello")));
    assert_eq!((path.as_str(), body), ("/api/sendText", expected(json!({"text": "hello"}))));
    for empty in [Content::empty(), Content::text("")] {
        assert_eq!(refused(empty).message, "the message is empty");
    }
}

#[test]
fn send_text_with_what_the_sender_set() {
    for metadata in [r#"{"linkPreview": false}"#, r#"{"previewUrl": false}"#] {
        let outgoing = Outgoing { metadata: metadata.to_owned(), ..outgoing(CONTACT, Content::text("x")) };
        assert_eq!(call(outgoing).1, expected(json!({"text": "x", "linkPreview": false})));
    }
}

#[test]
fn send_text_under_the_engines_identifier() {
    let id = "018f3f5e-0000-7000-8000-000000000002".to_owned();
    let (_, body) = call(Outgoing { id, ..outgoing(CONTACT, Content::text("x")) });
    assert_eq!(body, expected(json!({"text": "x", "id": "018F3F5E000070008000000000000002"})));
}

#[test]
fn send_replies() {
    for (id, full) in [("AAAA", "false_11111111111@c.us_AAAA"), ("true_1@c.us_BBBB", "true_1@c.us_BBBB")] {
        let outgoing = Outgoing { reply_to: Some(id.to_owned()), ..outgoing(CONTACT, Content::text("x")) };
        assert_eq!(call(outgoing).1, expected(json!({"text": "x", "reply_to": full})));
    }
    let in_group = Outgoing {
        reply_to: Some("AAAA".to_owned()),
        thread: GROUP.to_owned(),
        ..outgoing(CONTACT, Content::text("x"))
    };
    assert_eq!(call(in_group).1["reply_to"], json!(format!("false_{GROUP}_AAAA_{CONTACT}")));
}

#[test]
fn what_cannot_be_quoted_is_answered_without() {
    let outgoing = || Outgoing { reply_to: Some("AAAA".to_owned()), ..outgoing(CONTACT, Content::text("x")) };
    let missing = || answer(404, &json!({"message": "Message not found", "statusCode": 404}));
    let run = execute(&Command::Send(outgoing()), [missing(), sent(1)]);
    assert_eq!(run.result, Ok(Outcome::Sent(vec!["3EB0D1".to_owned()])));
    assert_eq!(json_body(&run.requests[1]), expected(json!({"text": "x"})));
    for answers in [vec![Ok(recorded("resp_err_404_session"))], vec![missing(), missing()]] {
        assert_eq!(failure(&Command::Send(outgoing()), answers).kind, FailureKind::Unauthorized);
    }
}

fn addressed(to: Participant, thread: &str) -> Value {
    let outgoing = Outgoing { to, thread: thread.to_owned(), ..outgoing(CONTACT, Content::text("x")) };
    call(outgoing).1["chatId"].clone()
}

#[test]
fn send_recipients() {
    let plain = Participant::new;
    assert_eq!(addressed(plain(CONTACT), GROUP), GROUP);
    assert_eq!(addressed(plain("123@lid"), "123@lid"), "123@lid");
    assert_eq!(addressed(plain("11111111111@s.whatsapp.net"), ""), CONTACT);
    assert_eq!(addressed(plain("+1 (111) 111-1111"), ""), CONTACT);
    assert_eq!(addressed(Participant { aliases: vec![CONTACT.to_owned()], ..plain("ada") }, "ada"), CONTACT);
    assert_eq!(addressed(Participant { phone: Some("+11111111111".to_owned()), ..plain("ada") }, "ada"), CONTACT);
    let nobody = failure(&Command::Send(outgoing("ada", Content::text("x"))), []);
    assert_eq!(nobody.kind, FailureKind::Rejected);
}

#[test]
fn send_to_a_number_that_never_wrote() {
    let command =
        Command::Send(Outgoing { last_inbound_at: None, ..outgoing("+5511987654321", Content::text("hello")) });
    let check = |found: Value| answer(200, &found);
    let run = execute(&command, [check(json!({"numberExists": true, "chatId": "551187654321@c.us"})), sent(1)]);
    assert_eq!(run.result, Ok(Outcome::Sent(vec!["3EB0D1".to_owned()])));
    let path = "/api/contacts/check-exists?phone=5511987654321&session=default";
    assert_eq!((asked(&run.requests[0]), run.requests[0].idempotent), (("GET", path), true));
    assert_eq!(json_body(&run.requests[1])["chatId"], "551187654321@c.us");
    let absent = failure(&command, [check(json!({"numberExists": false}))]);
    assert_eq!((absent.kind, absent.message.as_str()), (FailureKind::Unreachable, "the number is not on WhatsApp"));
    let cannot = execute(&command, [answer(422, &json!({"error": "not implemented by the engine"})), sent(1)]);
    assert_eq!(json_body(&cannot.requests[1])["chatId"], "5511987654321@c.us");
    assert_eq!(failure(&command, [lost()]).kind, FailureKind::Temporary);
    assert_eq!(failure(&command, [unready("STARTING")]).kind, FailureKind::Temporary);
    let chat = Outgoing { last_inbound_at: None, ..outgoing(CONTACT, Content::text("x")) };
    assert_eq!(call(chat).0, "/api/sendText");
}

#[test]
fn send_location() {
    let place = |name: Option<&str>, address: Option<&str>| {
        let (name, address) = (name.map(str::to_owned), address.map(str::to_owned));
        let location = Location { latitude: 38.89, longitude: -77.09, name, address };
        call(outgoing(CONTACT, detailed(None, Detail::Location(location))))
    };
    let (path, body) = place(Some("Office"), Some("Main St"));
    let fields = json!({"latitude": 38.89, "longitude": -77.09, "title": "Office, Main St"});
    assert_eq!((path.as_str(), body), ("/api/sendLocation", expected(fields)));
    assert_eq!(place(None, None).1["title"], "");
}

#[test]
fn send_contacts() {
    let jane = Participant {
        name: Some("Jane; Doe, Ltd".to_owned()),
        phone: Some("+91 11111 11111".to_owned()),
        email: Some("jane@example.com".to_owned()),
        ..Participant::new("jane")
    };
    let known = Participant::new("911111111111@c.us");
    let (path, body) = call(outgoing(CONTACT, detailed(None, Detail::Contacts(vec![jane, known]))));
    let first = "BEGIN:VCARD\nVERSION:3.0\nFN:Jane\\; Doe\\, Ltd\nTEL;type=CELL;type=VOICE;waid=911111111111:+91 11111 11111\nEMAIL:jane@example.com\nEND:VCARD";
    let second = "BEGIN:VCARD\nVERSION:3.0\nFN:+911111111111\nTEL;type=CELL;type=VOICE;waid=911111111111:+911111111111\nEND:VCARD";
    let fields = json!({"contacts": [{"vcard": first}, {"vcard": second}]});
    assert_eq!((path.as_str(), body), ("/api/sendContactVcard", expected(fields)));
    assert_eq!(refused(detailed(None, Detail::Contacts(vec![]))).message, "there is no contact to send");
}

fn choice(id: &str, description: Option<&str>) -> Choice {
    Choice { id: id.to_owned(), title: format!("Title {id}"), description: description.map(str::to_owned) }
}

#[test]
fn send_plain_choices_as_a_poll() {
    let choices =
        Choices { items: vec![choice("a", None), choice("b", None)], button: None, header: None, footer: None };
    let (path, body) = call(outgoing(CONTACT, detailed(Some("Which?"), Detail::Choices(choices))));
    let poll = json!({"name": "Which?", "options": ["Title a", "Title b"], "multipleAnswers": false});
    assert_eq!((path.as_str(), body), ("/api/sendPoll", expected(json!({"poll": poll}))));
}

#[test]
fn send_other_choices_as_a_list() {
    let items = vec![choice("a", Some("About a")), choice("b", None)];
    let rows =
        json!([{"title": "Title a", "rowId": "a", "description": "About a"}, {"title": "Title b", "rowId": "b"}]);
    let all = Choices {
        items: items.clone(),
        button: Some("Choose".to_owned()),
        header: Some("Menu".to_owned()),
        footer: Some("Thanks".to_owned()),
    };
    let (path, body) = call(outgoing(CONTACT, detailed(Some("Which?"), Detail::Choices(all))));
    let message = json!({"title": "Menu", "description": "Which?", "footer": "Thanks", "button": "Choose",
        "sections": [{"title": "Menu", "rows": rows}]});
    assert_eq!((path.as_str(), body), ("/api/sendList", expected(json!({"message": message}))));
    let least = Choices { items, button: None, header: None, footer: None };
    let (_, body) = call(outgoing(CONTACT, detailed(Some("Which?"), Detail::Choices(least.clone()))));
    let message = json!({"title": "Which?", "button": "☰", "sections": [{"title": "Which?", "rows": rows}]});
    assert_eq!(body, expected(json!({"message": message})));
    assert_eq!(refused(detailed(None, Detail::Choices(least.clone()))).kind, FailureKind::Rejected);
    let none = Choices { items: vec![], ..least };
    assert_eq!(refused(detailed(Some("Which?"), Detail::Choices(none))).kind, FailureKind::Rejected);
}

#[test]
fn send_nothing_that_waha_cannot_carry() {
    for detail in [Detail::Choice(choice("a", None)), Detail::Unsupported("{}".to_owned())] {
        assert_eq!(refused(detailed(None, detail)).kind, FailureKind::Unsupported);
    }
}

#[test]
fn send_fails_in_the_middle_and_is_held() {
    let place = Location { latitude: 1.0, longitude: 2.0, name: None, address: None };
    let command = Command::Send(outgoing(CONTACT, detailed(Some("Here:"), Detail::Location(place))));
    let run = execute(&command, [sent(1), sent(2)]);
    assert_eq!(run.result, Ok(Outcome::Sent(vec!["3EB0D1".to_owned(), "3EB0D2".to_owned()])));
    let paths: Vec<&str> = run.requests.iter().map(|request| asked(request).1).collect();
    assert_eq!(paths, ["/api/sendText", "/api/sendLocation"]);
    let failure = failure(&command, [sent(1), unready("FAILED")]);
    assert_eq!((failure.kind, failure.code.as_deref()), (FailureKind::Unknown, Some("422")));
    assert!(failure.message.starts_with("1 of 2 messages were sent, then: "), "{}", failure.message);
    assert_eq!(execute(&command, [sent(1), done()]).result.unwrap_err().kind, FailureKind::Unknown);
}
