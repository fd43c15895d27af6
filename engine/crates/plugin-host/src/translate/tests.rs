use chrono::DateTime;
use patchbay_domain::{
    MediaId,
    platform::{
        Attachment, Body, Choice, Choices, Chunk, Command, Content, Detail, Email, Location, MediaKind, MediaSource,
        Outgoing, PartContent, Participant, Step, TemplateUse,
    },
};
use proptest::prelude::*;
use serde_json::json;

use super::{inward, outward};
use crate::bindings::patchbay::connector::types as wit;

fn every_detail() -> Vec<Option<Detail>> {
    let choice = Choice { id: "a".into(), title: "A".into(), description: Some("the first".into()) };
    vec![
        None,
        Some(Detail::Location(Location { latitude: 1.5, longitude: -2.5, name: None, address: Some("x".into()) })),
        Some(Detail::Contacts(vec![Participant {
            id: "1".into(),
            aliases: vec!["2".into()],
            ..Participant::default()
        }])),
        Some(Detail::Choice(choice.clone())),
        Some(Detail::Choices(Choices { items: vec![choice], button: Some("Pick".into()), ..Choices::default() })),
        Some(Detail::Template(TemplateUse { name: "n".into(), language: "de".into(), parameters: json!({"1": "x"}) })),
        Some(Detail::Email(Email {
            subject: "s".into(),
            cc: vec!["c@x".into()],
            auto_reply: true,
            ..Email::default()
        })),
        Some(Detail::Unsupported(json!([1, null]))),
    ]
}

fn outgoing(content: Content) -> Command {
    Command::Send(Outgoing {
        id: "m".into(),
        to: Participant::default(),
        thread: "t".into(),
        content,
        reply_to: None,
        last_inbound_at: DateTime::from_timestamp_millis(1_700_000_000_123),
        metadata: json!({"tag": "x"}),
    })
}

fn sent(command: &Command) -> wit::Outgoing {
    match inward::command(command) {
        wit::Command::Send(message) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn content_comes_back_as_it_went_in() {
    let media = MediaId::from_uuid(uuid::Uuid::from_u128(7));
    let kinds = [
        MediaKind::Image,
        MediaKind::Video,
        MediaKind::Audio,
        MediaKind::Voice,
        MediaKind::Document,
        MediaKind::Sticker,
    ];
    let sources =
        [MediaSource::Platform("p".into()), MediaSource::Url("https://x/".into()), MediaSource::Stored(media)];
    let attachments: Vec<_> = kinds
        .into_iter()
        .flat_map(|kind| sources.clone().map(|source| (kind, source)))
        .map(|(kind, source)| Attachment {
            kind,
            source,
            mime_type: Some("a/b".into()),
            file_name: Some("f".into()),
            size: Some(9),
            caption: Some("c".into()),
            public_url: Some("https://y/".into()),
        })
        .collect();
    for detail in every_detail() {
        let content = Content { text: Some("hi".into()), attachments: attachments.clone(), detail };
        assert_eq!(outward::content(sent(&outgoing(content.clone())).content), Ok(content));
    }
}

#[test]
fn times_are_milliseconds() {
    assert_eq!(sent(&outgoing(Content::text("x"))).last_inbound_at, Some(1_700_000_000_123));
    assert_eq!(inward::time(DateTime::from_timestamp_millis(-5).unwrap()), 0);
}

#[test]
fn what_breaks_the_contract_is_named() {
    let unsupported = |raw: &str| wit::Content {
        text: None,
        attachments: Vec::new(),
        detail: Some(wit::Detail::Unsupported(raw.to_owned())),
    };
    assert!(outward::content(unsupported("{}")).is_ok());
    assert!(outward::content(unsupported("{")).unwrap_err().starts_with("unsupported is not JSON"));
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(outward::content(unsupported(&deep)).is_err());

    let stored = |id: &str| wit::Step::Done(wit::Outcome::Media(id.to_owned()));
    assert!(outward::step(stored("../../etc/passwd")).unwrap_err().contains("media-id"));
    assert!(outward::step(stored(&uuid::Uuid::nil().to_string())).is_ok());
}

#[test]
fn a_part_may_be_some_bytes_of_a_file() {
    let read = |bytes: &str| {
        let content = wit::PartContent::Media(format!("{}{bytes}", uuid::Uuid::nil()));
        let part = wit::Part { name: "media".to_owned(), content, file_name: None, mime_type: None };
        let request = wit::Request {
            method: "POST".to_owned(),
            url: "https://x".to_owned(),
            headers: Vec::new(),
            auth: wit::Auth::None,
            body: wit::Body::Multipart(vec![part]),
            timeout_ms: None,
            save_body: false,
            idempotent: false,
            state: Vec::new(),
        };
        outward::step(wit::Step::Request(request))
    };
    let Ok(Step::Request(request)) = read("#bytes=5-8") else { panic!("it cannot be read") };
    let Body::Multipart(parts) = request.body else { panic!("no parts") };
    assert_eq!(parts[0].content, PartContent::MediaSlice(MediaId::from_uuid(uuid::Uuid::nil()), 5..9));
    for wrong in ["#bytes=", "#bytes=8-5", "#bytes=5", "#bytes=0-18446744073709551615", "#part=1"] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_secret_in_a_body_is_named_and_nothing_else_is_taken_for_one() {
    let read = |id: &str| {
        let chunk = wit::Chunk::Media(id.to_owned());
        let request = wit::Request {
            method: "POST".to_owned(),
            url: "https://x".to_owned(),
            headers: Vec::new(),
            auth: wit::Auth::None,
            body: wit::Body::Chunks(vec![chunk]),
            timeout_ms: None,
            save_body: false,
            idempotent: false,
            state: Vec::new(),
        };
        outward::step(wit::Step::Request(request))
    };
    let Ok(Step::Request(request)) = read("#secret=hmacKey") else { panic!("it cannot be read") };
    assert_eq!(request.body, Body::Chunks(vec![Chunk::Secret("hmacKey".to_owned())]));
    assert!(read("#secrets=hmacKey").is_err());
}

fn deleted_at(at: u64) -> Vec<wit::Event> {
    let message = wit::MessageRef { thread: String::new(), id: String::new() };
    let content = wit::Content { text: None, attachments: Vec::new(), detail: None };
    vec![wit::Event::MessageEdited(wit::MessageEdit { message, content, at })]
}

#[test]
fn microseconds_are_not_taken_for_milliseconds() {
    assert!(outward::events(deleted_at(1_700_000_000_000)).is_ok());
    assert!(outward::events(deleted_at(1_700_000_000_000_000)).unwrap_err().contains("no time"));
}

proptest! {
    #[test]
    fn no_answer_brings_the_engine_down(at: u64, text: String) {
        let known = outward::events(deleted_at(at)).is_ok();
        prop_assert_eq!(known, at < 253_402_300_800_000);
        let metadata = outward::step(wit::Step::Done(wit::Outcome::Templates(text.clone()))).is_ok();
        prop_assert_eq!(metadata, serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }
}
