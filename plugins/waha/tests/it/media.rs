//! Files, both ways.

use crate::send::{call, expected, refused};
use crate::support::{CONTACT, asked, execute, failure, json_body, lost, sent};
use patchbay_plugin_sdk::testing::{answer, outgoing};
use patchbay_plugin_sdk::{Attachment, Command, Content, FailureKind, MediaKind, MediaSource, Outcome, Response};
use serde_json::{Value, json};

fn stored(kind: MediaKind, mime_type: Option<&str>, name: Option<&str>) -> Attachment {
    Attachment {
        mime_type: mime_type.map(str::to_owned),
        file_name: name.map(str::to_owned),
        ..Attachment::new(kind, MediaSource::Stored("m1".to_owned()))
    }
}

fn of(attachments: Vec<Attachment>) -> Content {
    Content { attachments, ..Content::empty() }
}

#[test]
fn stored_files_are_in_the_request() {
    let file = |mime: &str, name: Option<&str>| match name {
        Some(name) => json!({"mimetype": mime, "filename": name, "data": "base64 of m1"}),
        None => json!({"mimetype": mime, "data": "base64 of m1"}),
    };
    for (kind, mime_type, name, path, fields) in [
        (
            MediaKind::Image,
            Some("image/png"),
            Some("a.png"),
            "sendImage",
            json!({"file": file("image/png", Some("a.png"))}),
        ),
        (MediaKind::Image, None, None, "sendImage", json!({"file": file("image/jpeg", None)})),
        (MediaKind::Sticker, Some("image/webp"), None, "sendImage", json!({"file": file("image/webp", None)})),
        (
            MediaKind::Document,
            Some("application/pdf"),
            Some("a \"b\".pdf"),
            "sendFile",
            json!({"file": file("application/pdf", Some("a \"b\".pdf"))}),
        ),
        (MediaKind::Document, Some(""), None, "sendFile", json!({"file": file("application/octet-stream", None)})),
        (MediaKind::Audio, Some("audio/aac"), None, "sendFile", json!({"file": file("audio/aac", None)})),
        (
            MediaKind::Video,
            Some("video/quicktime"),
            None,
            "sendVideo",
            json!({"file": file("video/quicktime", Some("video.mp4")), "convert": true}),
        ),
        (
            MediaKind::Voice,
            Some("audio/mpeg"),
            None,
            "sendVoice",
            json!({"file": file("audio/mpeg", Some("voice.ogg")), "convert": true}),
        ),
        (
            MediaKind::Voice,
            None,
            None,
            "sendVoice",
            json!({"file": file("audio/ogg; codecs=opus", Some("voice.ogg")), "convert": false}),
        ),
    ] {
        let (called, body) = call(outgoing(CONTACT, of(vec![stored(kind, mime_type, name)])));
        assert_eq!((called, body), (format!("/api/{path}"), expected(fields)));
    }
}

#[test]
fn linked_files_are_fetched_by_waha() {
    let linked = Attachment {
        mime_type: Some("video/mp4".to_owned()),
        caption: Some("Look".to_owned()),
        ..Attachment::new(MediaKind::Video, MediaSource::Url("https://example.com/a.mp4".to_owned()))
    };
    let file = json!({"mimetype": "video/mp4", "filename": "video.mp4", "url": "https://example.com/a.mp4"});
    let fields = json!({"file": file, "caption": "Look", "convert": false});
    assert_eq!(call(outgoing(CONTACT, of(vec![linked]))).1, expected(fields));
}

#[test]
fn a_text_goes_below_the_first_file_that_shows_one() {
    let texts = |attachments: Vec<Attachment>| {
        let content = Content { attachments, ..Content::text("See") };
        let run = execute(&Command::Send(outgoing(CONTACT, content)), [sent(1), sent(2)]);
        assert_eq!(run.result, Ok(Outcome::Sent(vec!["3EB0D1".to_owned(), "3EB0D2".to_owned()])));
        let said = |body: Value| (body["text"].clone(), body["caption"].clone());
        run.requests.iter().map(|request| said(json_body(request))).collect::<Vec<_>>()
    };
    let image = || stored(MediaKind::Image, None, None);
    assert_eq!(texts(vec![image(), image()]), [(json!(null), json!("See")), (json!(null), json!(null))]);
    let voice = stored(MediaKind::Voice, None, None);
    assert_eq!(texts(vec![voice]), [(json!("See"), json!(null)), (json!(null), json!(null))]);
    let captioned = Attachment { caption: Some("Own".to_owned()), ..image() };
    assert_eq!(texts(vec![captioned]), [(json!("See"), json!(null)), (json!(null), json!("Own"))]);
}

#[test]
fn what_cannot_be_sent_is_refused_before_anything_is() {
    let voice = Attachment { caption: Some("hm".to_owned()), ..stored(MediaKind::Voice, None, None) };
    assert_eq!(refused(of(vec![voice])).kind, FailureKind::Rejected);
    let many = refused(of(vec![stored(MediaKind::Image, None, None); 8]));
    assert_eq!(many.message, "the content takes 8 messages, at most 7 are possible; send fewer files");
}

fn fetch(url: &str) -> Command {
    Command::FetchMedia(url.to_owned())
}

#[test]
fn files_are_fetched_from_the_channels_own_server() {
    let saved = Response { status: 200, headers: vec![], body: vec![], saved: Some("m2".to_owned()) };
    for origin in ["http://localhost:3000", "https://waha.example.com"] {
        let run = execute(&fetch(&format!("{origin}/api/files/default/AAAA.jpg?a=1")), [Ok(saved.clone())]);
        assert_eq!(run.result, Ok(Outcome::Media("m2".to_owned())));
        let request = &run.requests[0];
        assert_eq!(asked(request), ("GET", "/api/files/default/AAAA.jpg?a=1"));
        assert!(request.save_body && request.idempotent);
    }
}

#[test]
fn the_key_goes_to_no_other_place() {
    for url in ["https://evil.example/a.jpg", "http://localhost:3000/api/files/../sessions", "file-1", ""] {
        assert_eq!(failure(&fetch(url), []).kind, FailureKind::Rejected, "{url}");
    }
}

#[test]
fn a_file_that_is_gone_stays_gone() {
    let url = "http://localhost:3000/api/files/default/AAAA.jpg";
    let gone = failure(&fetch(url), [answer(404, &json!({"message": "Not found", "statusCode": 404}))]);
    assert_eq!((gone.kind, gone.code.as_deref()), (FailureKind::Rejected, Some("404")));
    assert_eq!(failure(&fetch(url), [lost()]).kind, FailureKind::Temporary);
    assert_eq!(failure(&fetch(url), [answer(200, &json!({}))]).message, "the file was not kept");
}
