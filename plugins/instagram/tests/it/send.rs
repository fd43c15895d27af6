//! Where Instagram differs: two ways to the API, bytes instead of characters, files by their address.

use crate::support::{CONTACT, channel, channel_with, json_body, sent};
use patchbay_plugin_instagram::Instagram;
use patchbay_plugin_sdk::testing::{NOW, outgoing, run};
use patchbay_plugin_sdk::{
    Attachment, Channel, Command, Content, Failure, FailureKind, MediaKind, MediaSource, Outcome, Outgoing, Request,
};
use serde_json::json;

fn send(channel: &Channel, outgoing: Outgoing, count: u32) -> (Vec<Request>, Result<Outcome, Failure>) {
    let run = run::<Instagram>(channel, &Command::Send(outgoing), (1..=count).map(sent));
    (run.requests, run.result)
}

#[test]
fn an_account_of_a_page_sends_as_the_page() {
    let (requests, _) = send(&channel(), outgoing(CONTACT, Content::text("hello")), 1);
    assert_eq!(requests[0].url, "https://graph.facebook.com/v24.0/682498302938465/messages");
    let message = json!({"text": "hello", "metadata": "out-1"});
    let body = json!({"recipient": {"id": CONTACT}, "messaging_type": "RESPONSE", "message": message});
    assert_eq!(json_body(&requests[0]), body);
}

#[test]
fn an_account_that_logs_in_by_itself_has_its_own_host() {
    let channel = channel_with(json!({"facebookPageId": ""}));
    let (requests, _) = send(&channel, outgoing(CONTACT, Content::text("hello")), 1);
    assert_eq!(requests[0].url, "https://graph.instagram.com/v24.0/me/messages");
    assert_eq!(json_body(&requests[0]).get("messaging_type"), None);
    let late = Outgoing { last_inbound_at: Some(NOW - 25 * 3_600_000), ..outgoing(CONTACT, Content::text("x")) };
    assert_eq!(json_body(&send(&channel, late, 1).0[0])["tag"], json!("HUMAN_AGENT"));
}

#[test]
fn a_heart_is_a_message_and_files_are_pdf() {
    let heart = Outgoing { metadata: json!({"likeHeart": true}).to_string(), ..outgoing(CONTACT, Content::empty()) };
    let (requests, _) = send(&channel(), heart, 1);
    assert_eq!(json_body(&requests[0])["message"]["attachment"], json!({"type": "like_heart"}));
    let file = |mime: &str| Attachment {
        mime_type: Some(mime.to_owned()),
        ..Attachment::new(MediaKind::Document, MediaSource::Url("https://x/a".to_owned()))
    };
    let with = |file| outgoing(CONTACT, Content { attachments: vec![file], ..Content::empty() });
    assert!(send(&channel(), with(file("application/pdf")), 1).1.is_ok());
    let refused = send(&channel(), with(file("application/msword")), 0).1.unwrap_err();
    assert_eq!(refused.kind, FailureKind::Rejected);
}

#[test]
fn a_thousand_bytes_are_no_thousand_characters() {
    // A family of eleven bytes and more is one character, which is never cut.
    let family = "👨‍👩‍👧‍👦";
    let text = family.repeat(60);
    let (requests, result) = send(&channel(), outgoing(CONTACT, Content::text(text.clone())), 2);
    assert_eq!(result, Ok(Outcome::Sent(vec!["m_OUT1".to_owned(), "m_OUT2".to_owned()])));
    let parts: Vec<String> =
        requests.iter().map(|request| json_body(request)["message"]["text"].as_str().unwrap().to_owned()).collect();
    assert!(parts.iter().all(|part| part.len() <= 1000 && part.len() % family.len() == 0));
    assert_eq!(parts.concat(), text);
    let refusing = channel_with(json!({"longText": "refuse"}));
    let refused = send(&refusing, outgoing(CONTACT, Content::text(text)), 0).1.unwrap_err();
    assert_eq!(refused.kind, FailureKind::Rejected);
    assert!(refused.message.contains("1000 bytes"), "{}", refused.message);
}

#[test]
fn a_stored_file_goes_by_its_public_address() {
    let stored = Attachment::new(MediaKind::Image, MediaSource::Stored("media-1".to_owned()));
    let public = Attachment { public_url: Some("https://desk.example/media/1".to_owned()), ..stored.clone() };
    let content = |file| Content { attachments: vec![file], ..Content::empty() };
    let (requests, _) = send(&channel(), outgoing(CONTACT, content(public)), 1);
    let payload = json!({"url": "https://desk.example/media/1", "is_reusable": false});
    assert_eq!(json_body(&requests[0])["message"]["attachment"], json!({"type": "image", "payload": payload}));
    let hidden = send(&channel(), outgoing(CONTACT, content(stored)), 0).1.unwrap_err();
    assert!(hidden.message.contains("PATCHBAY_PUBLIC_URL"), "{}", hidden.message);
}

#[test]
fn eleven_images_are_two_messages_and_a_large_one_is_refused() {
    let image = |number: u64| Attachment::new(MediaKind::Image, MediaSource::Url(format!("https://x/{number}.jpg")));
    let content = Content { attachments: (0..11).map(image).collect(), ..Content::empty() };
    let (requests, _) = send(&channel(), outgoing(CONTACT, content), 2);
    assert_eq!(json_body(&requests[0])["message"]["attachments"].as_array().unwrap().len(), 10);
    assert!(json_body(&requests[1])["message"]["attachment"].is_object());
    let large = Attachment { size: Some(9 << 20), ..image(1) };
    let sticker = Attachment { kind: MediaKind::Sticker, ..large.clone() };
    let webp = Attachment { mime_type: Some("image/webp".to_owned()), ..image(1) };
    for wrong in [large, sticker, webp] {
        let content = Content { attachments: vec![wrong], ..Content::text("look") };
        assert_eq!(send(&channel(), outgoing(CONTACT, content), 0).1.unwrap_err().kind, FailureKind::Rejected);
    }
    let jpeg = Attachment { mime_type: Some("image/JPEG; q=1".to_owned()), ..image(1) };
    let content = Content { attachments: vec![jpeg], ..Content::empty() };
    assert!(send(&channel(), outgoing(CONTACT, content), 1).1.is_ok());
}
