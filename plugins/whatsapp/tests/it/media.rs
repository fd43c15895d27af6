//! Files, out and in.

use crate::send::{body, expected, refused};
use crate::support::{Answer, CONTACT, execute, fixture, json_body, sent};
use patchbay_plugin_sdk::testing::{Run, answer, outgoing};
use patchbay_plugin_sdk::{
    Attachment, Auth, Body, Command, Content, FailureKind, MediaKind, MediaSource, Outcome, Part, Response,
    TransportError,
};
use serde_json::{Value, json};

fn linked(kind: MediaKind) -> Attachment {
    Attachment::new(kind, MediaSource::Url("https://example.com/file".to_owned()))
}

fn stored(kind: MediaKind) -> Attachment {
    Attachment::new(kind, MediaSource::Stored("media-1".to_owned()))
}

fn files(attachments: Vec<Attachment>) -> Content {
    Content { attachments, ..Content::empty() }
}

fn sent_body(attachment: Attachment) -> Value {
    body(outgoing(CONTACT, files(vec![attachment])))
}

#[test]
fn send_image_by_link() {
    let captioned = Attachment { caption: Some("Taj Mahal".to_owned()), ..linked(MediaKind::Image) };
    let image = json!({"link": "https://example.com/file", "caption": "Taj Mahal"});
    assert_eq!(sent_body(captioned), expected(json!({"type": "image", "image": image})));
}

#[test]
fn send_media_kinds() {
    let link = "https://example.com/file";
    for (kind, name) in [
        (MediaKind::Image, "image"),
        (MediaKind::Video, "video"),
        (MediaKind::Audio, "audio"),
        (MediaKind::Document, "document"),
        (MediaKind::Sticker, "sticker"),
    ] {
        assert_eq!(sent_body(linked(kind)), expected(json!({"type": name, name: {"link": link}})));
    }
    let voice = json!({"link": link, "voice": true});
    assert_eq!(sent_body(linked(MediaKind::Voice)), expected(json!({"type": "audio", "audio": voice})));
}

#[test]
fn send_document_with_its_name() {
    let document = Attachment { file_name: Some("receipt.pdf".to_owned()), ..linked(MediaKind::Document) };
    let fields = json!({"link": "https://example.com/file", "filename": "receipt.pdf"});
    assert_eq!(sent_body(document), expected(json!({"type": "document", "document": fields})));
}

#[test]
fn send_media_that_the_platform_has() {
    let forwarded = Attachment::new(MediaKind::Video, MediaSource::Platform("731675419373506".to_owned()));
    assert_eq!(sent_body(forwarded), expected(json!({"type": "video", "video": {"id": "731675419373506"}})));
}

#[test]
fn send_stored_media_in_two_steps() {
    let file = Attachment {
        mime_type: Some("image/jpeg".to_owned()),
        file_name: Some("taj.jpg".to_owned()),
        ..stored(MediaKind::Image)
    };
    let content = Content { text: Some("Taj Mahal".to_owned()), ..files(vec![file]) };
    let uploaded = Ok(fixture("resp_media_upload").response());
    let run = execute(&Command::Send(outgoing(CONTACT, content)), [uploaded, sent(1)]);
    assert_eq!(run.result, Ok(Outcome::Sent(vec!["wamid.OUT1".to_owned()])));
    let [upload, message] = &run.requests[..] else { panic!("{:?}", run.requests) };
    assert_eq!(upload.url, "https://graph.facebook.com/v24.0/106540352242922/media");
    assert!(upload.idempotent);
    let file = Part {
        mime_type: Some("image/jpeg".to_owned()),
        file_name: Some("taj.jpg".to_owned()),
        ..Part::file("file", "media-1".to_owned())
    };
    assert_eq!(upload.body, Body::Multipart(vec![Part::text("messaging_product", "whatsapp"), file]));
    let image = json!({"id": "1037543291543636", "caption": "Taj Mahal"});
    assert_eq!(json_body(message), expected(json!({"type": "image", "image": image})));
}

fn upload_id(id: &str) -> Answer {
    answer(200, &json!({"id": id}))
}

#[test]
fn send_several_files_one_after_the_other() {
    let content = Content {
        text: Some("both".to_owned()),
        ..files(vec![stored(MediaKind::Image), linked(MediaKind::Video), stored(MediaKind::Document)])
    };
    let answers = [upload_id("1"), sent(1), sent(2), upload_id("3"), sent(3)];
    let run = execute(&Command::Send(outgoing(CONTACT, content)), answers);
    assert_eq!(run.result, Ok(Outcome::Sent(["wamid.OUT1", "wamid.OUT2", "wamid.OUT3"].map(str::to_owned).to_vec())));
    let bodies: Vec<Value> = [1, 2, 4].map(|position| json_body(&run.requests[position])).to_vec();
    assert_eq!(bodies[0]["image"], json!({"id": "1", "caption": "both"}));
    assert_eq!(bodies[1]["video"], json!({"link": "https://example.com/file"}));
    assert_eq!(bodies[2]["document"], json!({"id": "3"}));
}

#[test]
fn send_text_before_a_file_that_cannot_show_it() {
    let long = "x".repeat(1025);
    for (kind, text) in [(MediaKind::Voice, "listen"), (MediaKind::Sticker, "look"), (MediaKind::Image, long.as_str())]
    {
        let content = Content { text: Some(text.to_owned()), ..files(vec![linked(kind)]) };
        let run = execute(&Command::Send(outgoing(CONTACT, content)), [sent(1), sent(2)]);
        assert_eq!(json_body(&run.requests[0])["text"]["body"], json!(text));
        assert_eq!(json_body(&run.requests[1]).get("text"), None);
    }
}

#[test]
fn send_no_more_files_than_requests_allow() {
    let content = files(vec![stored(MediaKind::Image); 5]);
    let message = "the message takes 10 requests, at most 8 are possible; send fewer files";
    assert_eq!(refused(content).message, message);
}

#[test]
fn send_media_within_limits() {
    let sized = |kind, size| files(vec![Attachment { size: Some(size), ..stored(kind) }]);
    let typed = |kind, mime: &str| files(vec![Attachment { mime_type: Some(mime.to_owned()), ..stored(kind) }]);
    let mb = 1024 * 1024;
    for content in [
        sized(MediaKind::Image, 5 * mb + 1),
        sized(MediaKind::Video, 16 * mb + 1),
        sized(MediaKind::Audio, 16 * mb + 1),
        sized(MediaKind::Document, 100 * mb + 1),
        sized(MediaKind::Sticker, 500 * 1024 + 1),
        typed(MediaKind::Image, "image/webp"),
        typed(MediaKind::Video, "video/webm"),
        typed(MediaKind::Audio, "audio/flac"),
        typed(MediaKind::Voice, "audio/mpeg"),
        typed(MediaKind::Sticker, "image/png"),
    ] {
        let failure = refused(content);
        assert_eq!(failure.kind, FailureKind::Rejected);
        assert!(failure.message.contains("WhatsApp takes"), "{}", failure.message);
    }
    let captioned = Attachment { caption: Some("x".repeat(1025)), ..stored(MediaKind::Image) };
    assert_eq!(refused(files(vec![captioned])).message, "the caption has 1025 characters, WhatsApp takes 1024");
    let spoken = Attachment { caption: Some("x".to_owned()), ..stored(MediaKind::Audio) };
    assert!(refused(files(vec![spoken])).message.contains("no caption"));
    for (kind, mime) in [(MediaKind::Voice, "audio/ogg; codecs=opus"), (MediaKind::Image, "IMAGE/JPEG")] {
        let fine = typed(kind, mime);
        let run = execute(&Command::Send(outgoing(CONTACT, fine)), [upload_id("1"), sent(1)]);
        assert!(run.result.is_ok(), "{mime}: {:?}", run.result);
    }
}

/// Nothing was sent yet, so it may be tried again.
#[test]
fn send_whose_upload_is_lost_is_temporary() {
    let lost: [Answer; 4] = [
        Err(TransportError::Unknown("timeout".to_owned())),
        answer(502, &json!("a page")),
        answer(200, &json!({})),
        answer(200, &json!("a page")),
    ];
    for lost in lost {
        let run = execute(&Command::Send(outgoing(CONTACT, files(vec![stored(MediaKind::Image)]))), [lost]);
        assert_eq!(run.result.unwrap_err().kind, FailureKind::Temporary);
    }
}

fn fetch(answers: impl IntoIterator<Item = Answer>) -> Run {
    execute(&Command::FetchMedia("1003383421387256".to_owned()), answers)
}

fn address() -> Response {
    fixture("resp_media_url").response()
}

fn file() -> Response {
    Response { status: 200, headers: vec![], body: vec![], saved: Some("media-9".to_owned()) }
}

fn gone() -> Answer {
    answer(404, &json!("a page"))
}

#[test]
fn fetch_media() {
    let run = fetch([Ok(address()), Ok(file())]);
    assert_eq!(run.result, Ok(Outcome::Media("media-9".to_owned())));
    let [look_up, download] = &run.requests[..] else { panic!("{:?}", run.requests) };
    assert_eq!(look_up.url, "https://graph.facebook.com/v24.0/1003383421387256");
    assert!(!look_up.save_body);
    let url = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1003383421387256&ext=1750000000&hash=ATv";
    assert_eq!(download.url, url);
    assert_eq!(download.auth, Auth::Bearer("accessToken".to_owned()));
    assert!(download.save_body && download.idempotent);
}

#[test]
fn fetch_media_whose_address_ran_out_is_looked_up_once_more() {
    let run = fetch([Ok(address()), gone(), Ok(address()), Ok(file())]);
    assert_eq!(run.result, Ok(Outcome::Media("media-9".to_owned())));
    let failure = fetch([Ok(address()), gone(), Ok(address()), gone()]).result.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected);
}

#[test]
fn fetch_media_that_fails() {
    let missing =
        answer(400, &json!({"error": {"message": "Unsupported get request", "code": 100, "error_subcode": 33}}));
    assert_eq!(fetch([missing]).result.unwrap_err().kind, FailureKind::Rejected);
    assert_eq!(fetch([Ok(fixture("resp_err_190").response())]).result.unwrap_err().kind, FailureKind::Unauthorized);
    assert_eq!(fetch([answer(200, &json!({"id": "1"}))]).result.unwrap_err().kind, FailureKind::Temporary);
    assert_eq!(fetch([Ok(address()), answer(200, &json!({}))]).result.unwrap_err().kind, FailureKind::Temporary);
    assert_eq!(fetch([Ok(address()), answer(500, &json!({}))]).result.unwrap_err().kind, FailureKind::Temporary);
    let refused = Err(TransportError::Refused("host".to_owned()));
    assert_eq!(fetch([Ok(address()), refused]).result.unwrap_err().kind, FailureKind::Rejected);
}
