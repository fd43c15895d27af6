//! Channels, webhooks and answers that the tests share.

use crate::recorded::settings;
use jsonschema::Validator;
use patchbay_plugin_sdk::testing::{self, Fixture, Run, run, webhook};
use patchbay_plugin_sdk::{
    Body, Channel, Chunk, Command, Connector, Content, Detail, Email, Event, Header, Message, Outgoing, Participant,
    Request, Response, TransportError, Webhook,
};
use patchbay_plugin_sendgrid::SendGrid;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::LazyLock;

pub use crate::recorded::FROM;

pub const CONTACT: &str = "ada@example.org";
pub const BOUNDARY: &str = "xYzZY";

pub fn channel() -> Channel {
    channel_with(json!({}))
}

/// The test's channel with more settings.
pub fn channel_with(more: Value) -> Channel {
    let (channel_type, mut config) = settings();
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    testing::channel(channel_type, &config)
}

pub fn fixture_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

pub fn fixture(name: &str) -> Fixture {
    Fixture::load(fixture_folder().join(format!("{name}.json")))
}

pub fn parse_fixture(name: &str) -> Vec<Event> {
    parse(&fixture(name).webhook())
}

pub fn parse(webhook: &Webhook) -> Vec<Event> {
    SendGrid::parse(&channel(), webhook).unwrap()
}

pub fn parse_reports(reports: Value) -> Vec<Event> {
    parse(&webhook(reports.to_string()))
}

/// One part of a form: name, more of its disposition, content type, bytes.
pub type Part<'a> = (&'a str, &'a str, &'a str, &'a [u8]);

pub fn form(parts: &[Part<'_>]) -> Webhook {
    let mut body = Vec::new();
    for (name, more, content_type, bytes) in parts {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n");
        body.extend_from_slice(head.as_bytes());
        if !content_type.is_empty() {
            body.extend_from_slice(format!("Content-Type: {content_type}\r\n").as_bytes());
        }
        body.extend_from_slice(b"\r\n");
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    webhook(body).with_header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
}

/// A mail from the contact: its headers, and more parts.
pub fn mail(headers: &str, parts: &[Part<'_>]) -> Webhook {
    let from = format!("Ada <{CONTACT}>");
    let mut all: Vec<Part<'_>> = vec![("headers", "", "", headers.as_bytes()), ("from", "", "", from.as_bytes())];
    all.extend_from_slice(parts);
    form(&all)
}

pub fn message(webhook: &Webhook) -> Message {
    match one(parse(webhook)) {
        Event::Message(message) => message,
        other => panic!("not a message: {other:?}"),
    }
}

pub fn email(message: &Message) -> &Email {
    match &message.content.detail {
        Some(Detail::Email(email)) => email,
        other => panic!("not a mail: {other:?}"),
    }
}

pub fn metadata(message: &Message) -> Value {
    serde_json::from_str(&message.metadata).unwrap()
}

pub fn one(mut events: Vec<Event>) -> Event {
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

pub fn ignored(event: Event) -> String {
    match event {
        Event::Ignored(reason) => reason,
        other => panic!("not ignored: {other:?}"),
    }
}

pub type Answer = Result<Response, TransportError>;

pub fn accepted() -> Response {
    fixture("resp_send_202").response()
}

pub fn status(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let headers = headers.iter().map(|(name, value)| Header::new(*name, *value)).collect();
    Response { status, headers, body: body.as_bytes().to_vec(), saved: None }
}

pub fn outgoing(content: Content) -> Outgoing {
    let to = Participant { name: Some("Ada".to_owned()), email: Some(CONTACT.to_owned()), ..Participant::new(CONTACT) };
    Outgoing { to, ..testing::outgoing(CONTACT, content) }
}

pub fn new_mail() -> Email {
    Email {
        from_name: None,
        from_address: None,
        cc: vec![],
        bcc: vec![],
        subject: "Your order".to_owned(),
        html: None,
        references: vec![],
        auto_reply: false,
    }
}

pub fn written(text: &str, email: Email) -> Content {
    Content { detail: Some(Detail::Email(email)), ..Content::text(text) }
}

pub fn execute(command: &Command, answers: impl IntoIterator<Item = Answer>) -> Run {
    run::<SendGrid>(&channel(), command, answers)
}

/// The JSON that was asked for, which is what SendGrid's own schema of it asks for; a file's content is `base64 of ID`.
pub fn sent_body(outgoing: Outgoing) -> Value {
    let run = execute(&Command::Send(outgoing), [Ok(accepted())]);
    assert!(run.result.is_ok(), "{:?}", run.result);
    json_body(&run.requests[0])
}

pub fn json_body(request: &Request) -> Value {
    let text = match &request.body {
        Body::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        Body::Chunks(chunks) => chunks.iter().map(chunk).collect(),
        other => panic!("not JSON: {other:?}"),
    };
    let body = serde_json::from_str(&text).unwrap();
    let error = MAIL.iter_errors(&body).next();
    assert!(error.is_none(), "{error:?}: {body}");
    body
}

fn chunk(chunk: &Chunk) -> String {
    match chunk {
        Chunk::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        Chunk::MediaBase64(media) => format!("base64 of {media}"),
        Chunk::Media(media) => panic!("{media} is not encoded"),
    }
}

static MAIL: LazyLock<Validator> = LazyLock::new(|| {
    let schema = include_str!("../schema/mail.json");
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
});
