//! Files, out and in.

use crate::send::{body, refused};
use crate::support::{ACCOUNT, Answer, CONTACT, execute, fields, sent, sms, whatsapp};
use patchbay_plugin_sdk::testing::{Run, answer, channel, outgoing};
use patchbay_plugin_sdk::{
    Attachment, Auth, Channel, Command, Content, FailureKind, MediaKind, MediaSource, Outcome, Response, TransportError,
};
use serde_json::json;

pub fn linked(kind: MediaKind) -> Attachment {
    Attachment::new(kind, MediaSource::Url("https://example.com/file".to_owned()))
}

fn files(text: Option<&str>, attachments: Vec<Attachment>) -> Content {
    Content { text: text.map(str::to_owned), attachments, detail: None }
}

/// What each message of a send says: its text and how many files.
fn messages(channel: &Channel, content: Content, number: u32) -> Vec<(String, usize)> {
    let run = execute(channel, &Command::Send(outgoing(CONTACT, content)), (1..=number).map(sent));
    assert_eq!(run.result, Ok(Outcome::Sent((1..=number).map(|number| format!("SM{number}")).collect())));
    let said = |fields: Vec<(&str, &str)>| {
        let texts = fields.iter().filter(|(name, _)| *name == "Body").map(|(_, text)| *text);
        (texts.collect::<String>(), fields.iter().filter(|(name, _)| *name == "MediaUrl").count())
    };
    run.requests.iter().map(|request| said(fields(request))).collect()
}

fn is(expected: &[(&str, usize)]) -> Vec<(String, usize)> {
    expected.iter().map(|(text, files)| ((*text).to_owned(), *files)).collect()
}

#[test]
fn a_stored_file_goes_by_its_public_address() {
    let stored = Attachment::new(MediaKind::Image, MediaSource::Stored("media-1".to_owned()));
    let public = Attachment { public_url: Some("https://patchbay.example/media/1".to_owned()), ..stored.clone() };
    for channel in [sms(), whatsapp()] {
        let fields = body(&channel, outgoing(CONTACT, files(Some("look"), vec![public.clone()])));
        let expected = [("Body", "look"), ("MediaUrl", "https://patchbay.example/media/1")];
        assert_eq!(fields[2..4], crate::send::owned(&expected));
    }
    assert!(refused(&sms(), files(None, vec![stored])).message.contains("no public address"));
}

#[test]
fn sms_carries_ten_files_and_the_text_in_one_message() {
    let ten = vec![linked(MediaKind::Video); 10];
    assert_eq!(messages(&sms(), files(Some("all"), ten), 1), is(&[("all", 10)]));
    let eleven = vec![linked(MediaKind::Image); 11];
    assert_eq!(messages(&sms(), files(Some("all"), eleven), 2), is(&[("all", 10), ("", 1)]));
    let captioned = Attachment { caption: Some("a cat".to_owned()), ..linked(MediaKind::Image) };
    assert_eq!(messages(&sms(), files(Some("look:"), vec![captioned]), 1), is(&[("look:\na cat", 1)]));
}

#[test]
fn whatsapp_carries_one_file_a_message_and_text_below_images_only() {
    let two = vec![linked(MediaKind::Image), linked(MediaKind::Image)];
    assert_eq!(messages(&whatsapp(), files(Some("both"), two), 2), is(&[("both", 1), ("", 1)]));
    for kind in [MediaKind::Video, MediaKind::Audio, MediaKind::Voice, MediaKind::Document, MediaKind::Sticker] {
        assert_eq!(messages(&whatsapp(), files(Some("see"), vec![linked(kind)]), 2), is(&[("see", 0), ("", 1)]));
        let captioned = Attachment { caption: Some("c".to_owned()), ..linked(kind) };
        assert_eq!(messages(&whatsapp(), files(None, vec![captioned]), 2), is(&[("c", 0), ("", 1)]));
    }
    let many = files(None, vec![linked(MediaKind::Image); 9]);
    assert!(refused(&whatsapp(), many).message.contains("takes 9 requests, at most 8"));
}

#[test]
fn files_that_twilio_does_not_take() {
    let large = Attachment { size: Some(5 * 1024 * 1024 + 1), ..linked(MediaKind::Image) };
    assert_eq!(refused(&sms(), files(None, vec![large])).message, "the file has 5242881 bytes, Twilio takes 5242880");
    let from = |source| files(None, vec![Attachment::new(MediaKind::Image, source)]);
    for source in [MediaSource::Url("ftp://example.com".to_owned()), MediaSource::Platform("x".to_owned())] {
        assert_eq!(refused(&sms(), from(source)).kind, FailureKind::Rejected);
    }
    let captioned = Attachment { caption: Some("x".repeat(1601)), ..linked(MediaKind::Image) };
    assert!(refused(&whatsapp(), files(None, vec![captioned])).message.contains("1601 characters"));
}

const MEDIA: &str = "/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1";

fn fetch(channel: &Channel, url: &str, answers: impl IntoIterator<Item = Answer>) -> Run {
    execute(channel, &Command::FetchMedia(url.to_owned()), answers)
}

fn file() -> Response {
    Response { status: 200, headers: vec![], body: vec![], saved: Some("media-9".to_owned()) }
}

#[test]
fn a_file_is_fetched_with_the_accounts_credentials() {
    let url = format!("https://api.twilio.com{MEDIA}");
    let run = fetch(&sms(), &url, [Ok(file())]);
    assert_eq!(run.result, Ok(Outcome::Media("media-9".to_owned())));
    let request = &run.requests[0];
    assert_eq!((request.url.as_str(), request.save_body, request.idempotent), (url.as_str(), true, true));
    assert_eq!(request.auth, Auth::Basic((ACCOUNT.to_owned(), "authToken".to_owned())));
}

#[test]
fn the_credentials_go_to_no_other_server() {
    for url in ["https://mms.twiliocdn.com/a", "https://api.twilio.com.evil.example/a", "https://api.twilio.com@evil/a"]
    {
        let run = fetch(&sms(), url, [Ok(file())]);
        assert_eq!((run.requests[0].url.as_str(), &run.requests[0].auth), (url, &Auth::None));
    }
    for url in ["http://mms.twiliocdn.com/a", "file-1", ""] {
        assert_eq!(fetch(&sms(), url, []).result.unwrap_err().kind, FailureKind::Rejected);
    }
}

#[test]
fn a_file_is_fetched_from_the_server_that_the_channel_names() {
    let config = json!({"accountSid": ACCOUNT, "from": "+1501", "apiBaseUrl": "http://127.0.0.1:4010"});
    let channel = channel("TWILIO_SMS", &config);
    for base in ["https://api.twilio.com", "http://127.0.0.1:4010"] {
        let run = fetch(&channel, &format!("{base}{MEDIA}"), [Ok(file())]);
        assert_eq!(run.requests[0].url, format!("http://127.0.0.1:4010{MEDIA}"));
        assert_ne!(run.requests[0].auth, Auth::None);
    }
}

#[test]
fn fetching_that_fails() {
    let url = format!("https://api.twilio.com{MEDIA}");
    for (answer, kind) in [
        (answer(404, &json!({"code": 20404, "message": "not found"})), FailureKind::Rejected),
        (answer(401, &json!({"code": 20003, "message": "who?"})), FailureKind::Unauthorized),
        (answer(500, &json!({})), FailureKind::Temporary),
        (answer(200, &json!({})), FailureKind::Temporary),
        (Err(TransportError::Unknown("timeout".to_owned())), FailureKind::Temporary),
        (Err(TransportError::Refused("host".to_owned())), FailureKind::Rejected),
    ] {
        assert_eq!(fetch(&sms(), &url, [answer]).result.unwrap_err().kind, kind);
    }
}
