//! Every kind of message, as the exact form that Twilio gets.

use crate::support::{ACCOUNT, CONTACT, MESSAGES, execute, fields, sent, sms, whatsapp};
use patchbay_plugin_sdk::testing::{NOW, answer, channel, outgoing};
use patchbay_plugin_sdk::{
    Auth, Channel, Choice, Choices, Command, Content, Detail, Failure, FailureKind, Location, MediaKind, Outcome,
    Outgoing, Participant,
};
use serde_json::json;

const CALLBACK: (&str, &str) = ("StatusCallback", "https://patchbay.example/webhook/1?patchbay_message=out-1");

/// The form of a send that is one message and is accepted.
pub fn body(channel: &Channel, outgoing: Outgoing) -> Vec<(String, String)> {
    let run = execute(channel, &Command::Send(outgoing), [sent(1)]);
    assert_eq!(run.result, Ok(Outcome::Sent(vec!["SM1".to_owned()])));
    let request = &run.requests[0];
    assert_eq!((request.method.as_str(), request.url.as_str(), request.idempotent), ("POST", MESSAGES, false));
    assert_eq!(request.auth, Auth::Basic((ACCOUNT.to_owned(), "authToken".to_owned())));
    fields(request).into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

pub fn owned(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Refused before anything is sent.
pub fn refused(channel: &Channel, content: Content) -> Failure {
    execute(channel, &Command::Send(outgoing(CONTACT, content)), []).result.unwrap_err()
}

fn detailed(text: Option<&str>, detail: Detail) -> Content {
    Content { text: text.map(str::to_owned), detail: Some(detail), ..Content::empty() }
}

#[test]
fn a_text_by_sms() {
    let expected = [("To", CONTACT), ("From", "+15017122661"), ("Body", "hello"), CALLBACK];
    assert_eq!(body(&sms(), outgoing(CONTACT, Content::text("hello"))), owned(&expected));
}

#[test]
fn a_text_on_whatsapp() {
    let (to, from) = (("To", "whatsapp:+15558675310"), ("From", "whatsapp:+14155238886"));
    assert_eq!(
        body(&whatsapp(), outgoing(CONTACT, Content::text("hello"))),
        owned(&[to, from, ("Body", "hello"), CALLBACK])
    );
}

#[test]
fn the_sender_is_a_number_or_a_messaging_service_or_one_of_its_numbers() {
    let sender = |config: serde_json::Value| {
        let channel = channel("TWILIO_WHATSAPP", &config);
        let all = body(&channel, outgoing(CONTACT, Content::text("x")));
        let is_sender = |name: &str| ["From", "MessagingServiceSid"].contains(&name);
        all.into_iter().filter(|(name, _)| is_sender(name)).collect::<Vec<_>>()
    };
    let service = ("MessagingServiceSid", "MGaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    let from = ("From", "whatsapp:+14155238886");
    assert_eq!(sender(json!({"accountSid": ACCOUNT, "messagingServiceSid": service.1, "from": ""})), owned(&[service]));
    assert_eq!(sender(json!({"accountSid": ACCOUNT, "from": from.1})), owned(&[from]));
    let both = json!({"accountSid": ACCOUNT, "from": "+14155238886", "messagingServiceSid": service.1});
    assert_eq!(sender(both), owned(&[from, service]));
    let nobody = channel("TWILIO_SMS", &json!({"accountSid": ACCOUNT, "from": " "}));
    assert!(refused(&nobody, Content::text("x")).message.contains("neither from nor messagingServiceSid"));
}

#[test]
fn another_server_gets_everything() {
    let config = json!({"accountSid": ACCOUNT, "from": "+1501", "apiBaseUrl": "http://127.0.0.1:4010/"});
    let command = Command::Send(outgoing(CONTACT, Content::text("x")));
    let run = execute(&channel("TWILIO_SMS", &config), &command, [sent(1)]);
    assert_eq!(run.requests[0].url, format!("http://127.0.0.1:4010/2010-04-01/Accounts/{ACCOUNT}/Messages.json"));
}

#[test]
fn a_text_at_its_limit() {
    let longest = "é".repeat(1600);
    assert_eq!(body(&sms(), outgoing(CONTACT, Content::text(longest.clone())))[2].1, longest);
    let failure = refused(&sms(), Content::text("é".repeat(1601)));
    assert_eq!(failure.kind, FailureKind::Rejected);
    assert_eq!(failure.message, "the text has 1601 characters, Twilio takes 1600");
    for empty in [Content::empty(), Content::text("")] {
        assert_eq!(refused(&sms(), empty).message, "the message is empty");
    }
}

fn to(channel: &Channel, to: Participant, thread: &str) -> String {
    let sample = outgoing(CONTACT, Content::text("x"));
    body(channel, Outgoing { to, thread: thread.to_owned(), ..sample }).remove(0).1
}

#[test]
fn recipients_are_found_by_whatever_names_them() {
    let plain = Participant::new;
    let phone = Participant { phone: Some("+1 (555) 867-5310".to_owned()), ..plain("US.1349") };
    assert_eq!(to(&sms(), phone.clone(), "US.1349"), CONTACT);
    assert_eq!(to(&whatsapp(), phone, "US.1349"), "whatsapp:+15558675310");
    assert_eq!(to(&whatsapp(), plain("15558675310"), ""), "whatsapp:+15558675310");
    assert_eq!(to(&whatsapp(), plain("whatsapp:+15558675310"), "whatsapp:+15558675310"), "whatsapp:+15558675310");
    let aliased = Participant { aliases: vec!["15558675310".to_owned()], ..plain("US.1349") };
    assert_eq!(to(&whatsapp(), aliased, "US.1349"), "whatsapp:+15558675310");
    assert_eq!(to(&whatsapp(), plain("US.1349"), "US.1349"), "whatsapp:US.1349");
    assert_eq!(to(&sms(), plain("24273"), "24273"), "24273");
    for (channel, nobody) in [(sms(), "US.1349"), (whatsapp(), "24273"), (sms(), "nobody"), (sms(), "")] {
        let command = Command::Send(outgoing(nobody, Content::text("x")));
        let failure = execute(&channel, &command, []).result.unwrap_err();
        assert_eq!(failure.message, "the contact has no telephone number");
    }
}

#[test]
fn after_a_day_whatsapp_takes_only_templates() {
    let day = 24 * 60 * 60 * 1000;
    let at = |last_inbound_at, content| Outgoing { last_inbound_at, ..outgoing(CONTACT, content) };
    body(&whatsapp(), at(Some(NOW - day + 1), Content::text("x")));
    for closed in [None, Some(NOW - day), Some(0)] {
        let command = Command::Send(at(closed, Content::text("x")));
        let failure = execute(&whatsapp(), &command, []).result.unwrap_err();
        assert_eq!(failure.kind, FailureKind::OutsideWindow);
        body(&sms(), at(closed, Content::text("x")));
        body(&whatsapp(), at(closed, crate::templates::template("")));
    }
}

#[test]
fn a_location_on_whatsapp() {
    let place = |name: Option<&str>, address: Option<&str>| Location {
        latitude: 37.78789,
        longitude: -122.391_664,
        name: name.map(str::to_owned),
        address: address.map(str::to_owned),
    };
    for (text, place, title, action) in [
        (None, place(Some("Twilio"), Some("375 Beale St")), "Twilio", "geo:37.78789,-122.391664|375 Beale St"),
        (Some("Here:"), place(Some("Twilio"), None), "Here:", "geo:37.78789,-122.391664|Twilio"),
        (None, place(None, None), "37.78789,-122.391664", "geo:37.78789,-122.391664"),
    ] {
        let fields = body(&whatsapp(), outgoing(CONTACT, detailed(text, Detail::Location(place))));
        assert_eq!(fields[2..4], owned(&[("Body", title), ("PersistentAction", action)]));
    }
    let failure = refused(&sms(), detailed(None, Detail::Location(place(None, None))));
    assert_eq!(failure.kind, FailureKind::Unsupported);
}

#[test]
fn nothing_that_twilio_cannot_carry() {
    let choice = Choice { id: "1".to_owned(), title: "One".to_owned(), description: None };
    let choices = Choices { items: vec![choice.clone()], button: None, header: None, footer: None };
    for detail in [
        Detail::Choice(choice),
        Detail::Choices(choices),
        Detail::Contacts(vec![Participant::new("1")]),
        Detail::Unsupported("{}".to_owned()),
    ] {
        for channel in [sms(), whatsapp()] {
            assert_eq!(refused(&channel, detailed(None, detail.clone())).kind, FailureKind::Unsupported);
        }
    }
}

#[test]
fn options_of_twilio_come_in_the_metadata() {
    let with = |metadata: serde_json::Value| Outgoing {
        metadata: metadata.to_string(),
        ..outgoing(CONTACT, Content::text("x"))
    };
    let metadata = json!({"validityPeriod": 60, "smartEncoded": true, "riskCheck": "disable", "other": 1});
    let expected = [("ValidityPeriod", "60"), ("SmartEncoded", "true"), ("RiskCheck", "disable")];
    assert_eq!(body(&sms(), with(metadata))[4..], owned(&expected));
    for wrong in [json!(0), json!(36_001), json!("soon")] {
        let command = Command::Send(with(json!({"validityPeriod": wrong})));
        assert_eq!(execute(&sms(), &command, []).result.unwrap_err().kind, FailureKind::Rejected);
    }
}

#[test]
fn a_callback_that_twilio_would_refuse_is_left_out() {
    let mut channel = sms();
    "https://my_desk.example/webhook/1".clone_into(&mut channel.webhook_url);
    let fields = body(&channel, outgoing(CONTACT, Content::text("x")));
    assert_eq!(fields, owned(&[("To", CONTACT), ("From", "+15017122661"), ("Body", "x")]));
    "https://desk.example/my_webhook".clone_into(&mut channel.webhook_url);
    let fields = body(&channel, outgoing(CONTACT, Content::text("x")));
    assert_eq!(fields[3].1, "https://desk.example/my_webhook?patchbay_message=out-1");
    "https://desk.example/webhook?channel=1".clone_into(&mut channel.webhook_url);
    let odd = Outgoing { id: "a&b".to_owned(), ..outgoing(CONTACT, Content::text("x")) };
    assert_eq!(body(&channel, odd)[3].1, "https://desk.example/webhook?channel=1&patchbay_message=a%26b");
}

/// A status of the first of two would say of a send that broke off in the middle that all of it arrived.
#[test]
fn only_the_last_of_several_messages_is_told_as_the_one_that_was_sent() {
    let content = Content { attachments: vec![crate::media::linked(MediaKind::Video)], ..Content::text("see") };
    let run = execute(&whatsapp(), &Command::Send(outgoing(CONTACT, content)), [sent(1), sent(2)]);
    assert_eq!(run.result, Ok(Outcome::Sent(vec!["SM1".to_owned(), "SM2".to_owned()])));
    let callback = |request| fields(request).into_iter().find(|(name, _)| *name == "StatusCallback");
    let callbacks: Vec<_> = run.requests.iter().filter_map(callback).collect();
    assert_eq!(callbacks, [("StatusCallback", "https://patchbay.example/webhook/1"), CALLBACK]);
}

#[test]
fn a_send_that_fails_in_the_middle_is_held() {
    let place = Location { latitude: 1.0, longitude: 2.0, name: None, address: None };
    let mut content = detailed(None, Detail::Location(place));
    content.attachments = vec![crate::media::linked(MediaKind::Image)];
    let refusal = || answer(429, &json!({"code": 20429, "message": "too fast"}));
    let command = Command::Send(outgoing(CONTACT, content));
    let failure = execute(&whatsapp(), &command, [sent(1), refusal(), refusal(), refusal()]).result.unwrap_err();
    assert_eq!((failure.kind, failure.code.as_deref()), (FailureKind::Unknown, Some("20429")));
    assert_eq!(failure.message, "1 of 2 messages were sent, then: too fast");
    let run = execute(&whatsapp(), &command, [sent(1), refusal(), sent(2)]);
    assert_eq!(run.result, Ok(Outcome::Sent(vec!["SM1".to_owned(), "SM2".to_owned()])));
    assert_eq!(fields(&run.requests[1]), fields(&run.requests[2]));
}

#[test]
fn an_api_key_is_used_where_the_channel_has_one() {
    let channel = patchbay_plugin_sdk::testing::channel(
        "TWILIO_SMS",
        &json!({"accountSid": "AC1", "apiKeySid": "SK1", "from": "+15017122661"}),
    );
    let run = execute(&channel, &Command::Send(outgoing(CONTACT, Content::text("x"))), [sent(1)]);
    assert_eq!(run.requests[0].auth, Auth::Basic(("SK1".to_owned(), "apiKeySecret".to_owned())));
    assert!(run.requests[0].url.contains("/Accounts/AC1/"), "{}", run.requests[0].url);
}

#[test]
fn a_messaging_service_sends_later() {
    let at = "2025-06-08T20:00:00Z";
    let later = || {
        let metadata = json!({"sendAt": at}).to_string();
        Command::Send(Outgoing { metadata, ..outgoing(CONTACT, Content::text("x")) })
    };
    let service = json!({"accountSid": "AC1", "messagingServiceSid": format!("MG{}", "a".repeat(32))});
    let run = execute(&patchbay_plugin_sdk::testing::channel("TWILIO_SMS", &service), &later(), [sent(1)]);
    let sent = fields(&run.requests[0]);
    assert!(sent.contains(&("ScheduleType", "fixed")) && sent.contains(&("SendAt", at)), "{sent:?}");
    assert_eq!(execute(&whatsapp(), &later(), []).result.unwrap_err().kind, FailureKind::Rejected);
}
