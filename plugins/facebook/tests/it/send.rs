//! Every kind of message, as the exact JSON that the platform gets.

use crate::support::{Answer, CONTACT, channel_with, execute, json_body, sent};
use patchbay_plugin_facebook::Facebook;
use patchbay_plugin_sdk::testing::{NOW, answer, outgoing, run};
use patchbay_plugin_sdk::{
    Attachment, Auth, Body, Choice, Choices, Command, Content, Detail, Failure, FailureKind, MediaKind, MediaSource,
    Outcome, Outgoing, PartContent,
};
use serde_json::{Value, json};

const HOUR: u64 = 60 * 60 * 1000;

fn send(content: Content, answers: impl IntoIterator<Item = Answer>) -> (Vec<Value>, Result<Outcome, Failure>) {
    let run = execute(&Command::Send(outgoing(CONTACT, content)), answers);
    (run.requests.iter().map(json_body).collect(), run.result)
}

fn expected(message: Value) -> Value {
    let mut message = message;
    message["metadata"] = json!("out-1");
    json!({"recipient": {"id": CONTACT}, "messaging_type": "RESPONSE", "message": message})
}

fn linked(kind: MediaKind, url: &str) -> Attachment {
    Attachment::new(kind, MediaSource::Url(url.to_owned()))
}

#[test]
fn a_text() {
    let run = execute(&Command::Send(outgoing(CONTACT, Content::text("hello"))), [sent(1)]);
    assert_eq!(run.result, Ok(Outcome::Sent(vec!["m_OUT1".to_owned()])));
    let request = &run.requests[0];
    assert_eq!(request.url, "https://graph.facebook.com/v24.0/682498302938465/messages");
    assert_eq!((&request.auth, request.idempotent), (&Auth::Bearer("pageAccessToken".to_owned()), false));
    assert_eq!(json_body(request), expected(json!({"text": "hello"})));
}

#[test]
fn a_reply() {
    let outgoing = Outgoing { reply_to: Some("m_0".to_owned()), ..outgoing(CONTACT, Content::text("x")) };
    let run = execute(&Command::Send(outgoing), [sent(1)]);
    assert_eq!(json_body(&run.requests[0])["reply_to"], json!({"mid": "m_0"}));
}

#[test]
fn a_text_that_is_too_long_is_cut_between_words() {
    let text = format!("{} {}", "a".repeat(1990), "b".repeat(30));
    let (bodies, result) = send(Content::text(text.clone()), [sent(1), sent(2)]);
    assert_eq!(result, Ok(Outcome::Sent(vec!["m_OUT1".to_owned(), "m_OUT2".to_owned()])));
    assert_eq!(bodies[0]["message"]["text"], json!("a".repeat(1990)));
    assert_eq!(bodies[1]["message"]["text"], json!("b".repeat(30)));
    let refusing = channel_with(json!({"longText": "refuse"}));
    let refused = run::<Facebook>(&refusing, &Command::Send(outgoing(CONTACT, Content::text(text))), []);
    assert_eq!(refused.result.unwrap_err().kind, FailureKind::Rejected);
}

#[test]
fn a_stored_file_is_uploaded_before_its_message() {
    let file = Attachment {
        mime_type: Some("image/png".to_owned()),
        file_name: Some("a.png".to_owned()),
        ..Attachment::new(MediaKind::Image, MediaSource::Stored("media-1".to_owned()))
    };
    let content = Content { attachments: vec![file], ..Content::text("look") };
    let uploaded = answer(200, &json!({"attachment_id": "1857777774821032"}));
    let run = execute(&Command::Send(outgoing(CONTACT, content)), [sent(1), uploaded, sent(2)]);
    assert_eq!(run.result, Ok(Outcome::Sent(vec!["m_OUT1".to_owned(), "m_OUT2".to_owned()])));
    assert_eq!(json_body(&run.requests[0]), expected(json!({"text": "look"})));
    let upload = &run.requests[1];
    assert!(upload.url.ends_with("/682498302938465/message_attachments") && upload.idempotent);
    let Body::Multipart(parts) = &upload.body else { panic!("not a form") };
    assert_eq!(parts[1].content, PartContent::Media("media-1".to_owned()));
    let attachment = json!({"type": "image", "payload": {"attachment_id": "1857777774821032"}});
    assert_eq!(json_body(&run.requests[2]), expected(json!({"attachment": attachment})));
}

#[test]
fn linked_images_go_together_and_other_files_alone() {
    let attachments = vec![
        linked(MediaKind::Image, "https://x/1.jpg"),
        linked(MediaKind::Image, "https://x/2.jpg"),
        linked(MediaKind::Voice, "https://x/3.ogg"),
        linked(MediaKind::Document, "https://x/4.pdf"),
    ];
    let (bodies, _) = send(Content { attachments, ..Content::empty() }, [sent(1), sent(2), sent(3)]);
    assert_eq!(bodies[0]["message"]["attachments"].as_array().unwrap().len(), 2);
    assert_eq!(bodies[1]["message"]["attachment"]["type"], json!("audio"));
    let file = json!({"type": "file", "payload": {"url": "https://x/4.pdf", "is_reusable": false}});
    assert_eq!(bodies[2]["message"]["attachment"], file);
}

#[test]
fn choices_are_quick_replies() {
    let item = |id: &str| Choice { id: id.to_owned(), title: id.to_uppercase(), description: None };
    let choices = |items| Detail::Choices(Choices { items, button: None, header: None, footer: None });
    let content = Content { detail: Some(choices(vec![item("a"), item("b")])), ..Content::text("Which?") };
    let (bodies, _) = send(content, [sent(1)]);
    let replies = json!([
        {"content_type": "text", "title": "A", "payload": "a"},
        {"content_type": "text", "title": "B", "payload": "b"},
    ]);
    assert_eq!(bodies[0], expected(json!({"text": "Which?", "quick_replies": replies})));
    let long = Choice { id: "x".repeat(1001), ..item("a") };
    for wrong in [Vec::new(), vec![item("a"); 14], vec![item("twenty-one characters")], vec![long]] {
        let content = Content { detail: Some(choices(wrong)), ..Content::text("Which?") };
        assert_eq!(send(content, []).1.unwrap_err().kind, FailureKind::Rejected);
    }
    let silent = Content { detail: Some(choices(vec![item("a")])), ..Content::empty() };
    assert_eq!(send(silent, []).1.unwrap_err().kind, FailureKind::Rejected);
}

#[test]
fn buttons_stand_under_a_text() {
    let button = |title: &str| json!({"type": "postback", "title": title, "payload": "p"});
    let with = |content: Content, buttons: Value| {
        let metadata = json!({"buttons": buttons}).to_string();
        let outgoing = Outgoing { metadata, ..outgoing(CONTACT, content) };
        execute(&Command::Send(outgoing), [sent(1)])
    };
    let link = json!({"type": "web_url", "title": "Shop", "url": "https://shop.example"});
    let sent = with(Content::text("Look"), json!([link, button("Yes")]));
    let payload = json!({"template_type": "button", "text": "Look", "buttons": [link, button("Yes")]});
    assert_eq!(json_body(&sent.requests[0]), expected(json!({"attachment": {"type": "template", "payload": payload}})));
    for wrong in [
        json!([button("1"), button("2"), button("3"), button("4")]),
        json!([button("twenty-one characters")]),
        json!([{"type": "phone_number", "title": "Call"}]),
    ] {
        let run = run::<Facebook>(
            &channel_with(json!({})),
            &Command::Send(Outgoing {
                metadata: json!({"buttons": wrong}).to_string(),
                ..outgoing(CONTACT, Content::text("x"))
            }),
            [],
        );
        assert_eq!(run.result.unwrap_err().kind, FailureKind::Rejected, "{wrong}");
    }
}

#[test]
fn after_a_day_a_person_may_answer_for_a_week() {
    let sent_after = |age: u64, settings: Value| {
        let outgoing = Outgoing { last_inbound_at: Some(NOW - age), ..outgoing(CONTACT, Content::text("x")) };
        let answers =
            if age <= 24 * HOUR || (age <= 168 * HOUR && settings == json!({})) { vec![sent(1)] } else { vec![] };
        let run = run::<Facebook>(&channel_with(settings), &Command::Send(outgoing), answers);
        run.result.map(|_| json_body(&run.requests[0])).map_err(|failure| failure.kind)
    };
    assert_eq!(sent_after(24 * HOUR, json!({})).unwrap()["messaging_type"], json!("RESPONSE"));
    let tagged = sent_after(24 * HOUR + 1, json!({})).unwrap();
    assert_eq!((&tagged["messaging_type"], &tagged["tag"]), (&json!("MESSAGE_TAG"), &json!("HUMAN_AGENT")));
    assert!(sent_after(168 * HOUR, json!({})).is_ok());
    assert_eq!(sent_after(168 * HOUR + 1, json!({})), Err(FailureKind::OutsideWindow));
    assert_eq!(sent_after(24 * HOUR + 1, json!({"humanAgent": false})), Err(FailureKind::OutsideWindow));
}

#[test]
fn the_sender_says_as_what_it_goes_out() {
    let with = |metadata: Value, settings: Value, answers: Vec<Answer>| {
        let outgoing = Outgoing { metadata: metadata.to_string(), ..outgoing(CONTACT, Content::text("x")) };
        let run = run::<Facebook>(&channel_with(settings), &Command::Send(outgoing), answers);
        run.result.map(|_| json_body(&run.requests[0])).map_err(|failure| failure.kind)
    };
    let kind = |metadata| with(metadata, json!({}), vec![sent(1)]).unwrap()["messaging_type"].clone();
    assert_eq!(kind(json!({"messagingType": "UPDATE"})), json!("UPDATE"));
    assert_eq!(kind(json!({"messagingType": null, "order": 7})), json!("RESPONSE"));
    for metadata in [json!({"messageTag": "HUMAN_AGENT"}), json!({"messagingType": "MESSAGE_TAG"})] {
        let tagged = with(metadata.clone(), json!({}), vec![sent(1)]).unwrap();
        assert_eq!((&tagged["messaging_type"], &tagged["tag"]), (&json!("MESSAGE_TAG"), &json!("HUMAN_AGENT")));
        assert_eq!(with(metadata, json!({"humanAgent": false}), vec![]), Err(FailureKind::OutsideWindow));
    }
    for metadata in [json!({"messageTag": "ACCOUNT_UPDATE"}), json!({"messagingType": 7})] {
        assert_eq!(with(metadata, json!({}), vec![]), Err(FailureKind::Rejected));
    }
}

#[test]
fn nothing_leaves_that_the_platform_does_not_take() {
    let large = Attachment { size: Some(26 << 20), ..linked(MediaKind::Video, "https://x/1.mp4") };
    let kind = |content| send(content, []).1.unwrap_err().kind;
    assert_eq!(kind(Content { attachments: vec![large], ..Content::empty() }), FailureKind::Rejected);
    assert_eq!(kind(Content::empty()), FailureKind::Rejected);
    assert_eq!(kind(Content::text("x".repeat(20_000))), FailureKind::Rejected);
    let card = Content { detail: Some(Detail::Contacts(Vec::new())), ..Content::empty() };
    assert_eq!(kind(card), FailureKind::Unsupported);
}

#[test]
fn what_fails_half_way_is_for_a_person_to_decide() {
    let text = format!("{} {}", "a".repeat(1990), "b".repeat(30));
    let refused = || answer(400, &json!({"error": {"code": 613, "message": "slow down"}}));
    let failure = send(Content::text(text.as_str()), [sent(1), refused(), refused(), refused()]).1.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unknown);
    assert!(failure.message.starts_with("1 of 2 messages were sent"), "{}", failure.message);
    // A short wait is waited for, before the same message.
    let run = execute(&Command::Send(outgoing(CONTACT, Content::text(text))), [sent(1), refused(), sent(2)]);
    assert!(run.result.is_ok(), "{:?}", run.result);
    assert_eq!(json_body(&run.requests[1]), json_body(&run.requests[2]));
    assert!(run.requests[2].headers.iter().any(|header| header.name == "patchbay-wait-ms"));
}
