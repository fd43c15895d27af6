//! Channels, webhooks and answers that the tests share.

use crate::recorded::{SERVER, settings};
use jsonschema::Validator;
use patchbay_plugin_sdk::testing::{self, Fixture, Run, answer, run};
use patchbay_plugin_sdk::{
    Auth, Body, Channel, Chunk, Command, Connector, Event, Failure, Message, Request, Response, TransportError,
};
use patchbay_plugin_waha::Waha;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::sync::LazyLock;

pub const CONTACT: &str = "11111111111@c.us";
pub const ME: &str = "79222222222@c.us";
pub const GROUP: &str = "120363000000000000@g.us";

pub fn channel() -> Channel {
    let (channel_type, config) = settings();
    testing::channel(channel_type, &config)
}

pub fn fixture_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

pub fn fixture(name: &str) -> Fixture {
    Fixture::load(fixture_folder().join(format!("{name}.json")))
}

pub fn recorded(name: &str) -> Response {
    fixture(name).response()
}

pub fn parse_body(body: &Value) -> Vec<Event> {
    Waha::parse(&channel(), &testing::webhook(body.to_string())).unwrap()
}

/// The one event that a webhook of this kind means.
pub fn event(kind: &str, payload: Value) -> Event {
    let body = json!({
        "id": "evt_01jq7e00000000000000000009",
        "timestamp": 1_741_249_702_485_u64,
        "event": kind,
        "session": "default",
        "me": {"id": ME, "pushName": "Shop"},
        "payload": payload,
        "engine": "WEBJS",
    });
    let mut events = parse_body(&body);
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

/// A text of the test's contact; `fields` come on top.
pub fn payload(fields: Value) -> Value {
    let payload = json!({
        "id": format!("false_{CONTACT}_AAAA"),
        "timestamp": 1_667_561_485,
        "from": CONTACT,
        "fromMe": false,
        "source": "app",
        "to": ME,
        "body": "Hi there!",
        "hasMedia": false,
        "media": null,
        "ack": 1,
        "vCards": [],
        "replyTo": null,
        "_data": {},
    });
    with(payload, fields)
}

pub fn with(mut object: Value, fields: Value) -> Value {
    object.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    object
}

pub fn message(kind: &str, fields: Value) -> Message {
    match event(kind, payload(fields)) {
        Event::Message(message) => message,
        other => panic!("not a message: {other:?}"),
    }
}

pub fn ignored(event: Event) -> String {
    match event {
        Event::Ignored(reason) => reason,
        other => panic!("not ignored: {other:?}"),
    }
}

pub type Answer = Result<Response, TransportError>;

/// The n-th message was sent.
pub fn sent(number: u32) -> Answer {
    answer(201, &json!({"id": format!("true_{CONTACT}_3EB0D{number}")}))
}

pub fn done() -> Answer {
    answer(201, &json!({}))
}

pub fn lost() -> Answer {
    Err(TransportError::Unknown("the answer was lost".to_owned()))
}

/// The session is in another status than the call needs.
pub fn unready(status: &str) -> Answer {
    let error = "Session status is not as expected. Try again later or restart the session";
    answer(422, &json!({"error": error, "session": "default", "status": status, "expected": ["WORKING"]}))
}

pub fn execute(command: &Command, answers: impl IntoIterator<Item = Answer>) -> Run {
    let run = run::<Waha>(&channel(), command, answers);
    for request in &run.requests {
        assert_eq!(request.auth, Auth::Header(("X-Api-Key".to_owned(), "apiKey".to_owned())));
        assert!(request.url.starts_with("https://waha.example.com/"), "{}", request.url);
    }
    run
}

pub fn failure(command: &Command, answers: impl IntoIterator<Item = Answer>) -> Failure {
    execute(command, answers).result.unwrap_err()
}

/// Method and path with its query.
pub fn asked(request: &Request) -> (&str, &str) {
    (&request.method, request.url.strip_prefix(SERVER).unwrap())
}

/// The body, which is what WAHA's own schema of the call asks for. A file stands there by its name.
pub fn json_body(request: &Request) -> Value {
    let bytes = match &request.body {
        Body::Bytes(bytes) => bytes.clone(),
        Body::Chunks(chunks) => chunks.iter().flat_map(bytes_of).collect(),
        other => panic!("not a JSON body: {other:?}"),
    };
    let body: Value = serde_json::from_slice(&bytes).unwrap();
    let parts: Vec<&str> = request.url.split('/').collect();
    let call = if parts.contains(&"messages") { "messages" } else { parts[parts.len() - 1] };
    let called = Value::Object(Map::from_iter([(call.to_owned(), body.clone())]));
    let error = CALLS.iter_errors(&called).next();
    assert!(error.is_none(), "{error:?}: {call} {body}");
    body
}

fn bytes_of(chunk: &Chunk) -> Vec<u8> {
    match chunk {
        Chunk::Bytes(bytes) => bytes.clone(),
        Chunk::MediaBase64(media) => format!("base64 of {media}").into_bytes(),
        Chunk::Media(media) => panic!("{media} is not in base64"),
    }
}

static CALLS: LazyLock<Validator> = LazyLock::new(|| {
    let schema = include_str!("../schema/calls.json");
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
});
