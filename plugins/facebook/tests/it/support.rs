//! Channels, webhooks and answers that the tests share.

use jsonschema::Validator;
use patchbay_plugin_facebook::Facebook;
use patchbay_plugin_sdk::testing::{self, Fixture, Run, answer, run};
use patchbay_plugin_sdk::{Body, Channel, Command, Connector, Event, Message, Request, Response, TransportError};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::LazyLock;

pub const OWN: &str = "682498302938465";
pub const CONTACT: &str = "1254459154682919";

pub fn channel() -> Channel {
    channel_with(json!({}))
}

/// The test's channel; `settings` come on top.
pub fn channel_with(settings: Value) -> Channel {
    let mut config = json!({"facebookPageId": OWN});
    config.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    testing::channel("FACEBOOK", &config)
}

pub fn fixture_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

pub fn fixture(name: &str) -> Fixture {
    Fixture::load(fixture_folder().join(format!("{name}.json")))
}

/// What a recorded webhook says to the test's channel.
pub fn parse_fixture(name: &str) -> Vec<Event> {
    Facebook::parse(&channel(), &fixture(name).webhook()).unwrap()
}

pub fn parse_body(body: &Value) -> Vec<Event> {
    Facebook::parse(&channel(), &testing::webhook(body.to_string())).unwrap()
}

/// One event of the test's contact; `fields` come on top.
pub fn parse_item(fields: Value) -> Vec<Event> {
    let mut item = json!({"sender": {"id": CONTACT}, "recipient": {"id": OWN}, "timestamp": 1_569_262_485_349_u64});
    item.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    parse_body(&json!({"object": "page", "entry": [{"id": OWN, "time": 1, "messaging": [item]}]}))
}

pub fn one(mut events: Vec<Event>) -> Event {
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

pub fn as_message(event: Event) -> Message {
    match event {
        Event::Message(message) => message,
        other => panic!("not a message: {other:?}"),
    }
}

pub type Answer = Result<Response, TransportError>;

/// The n-th message was accepted.
pub fn sent(number: u32) -> Answer {
    answer(200, &json!({"recipient_id": CONTACT, "message_id": format!("m_OUT{number}")}))
}

pub fn done() -> Answer {
    answer(200, &json!({"recipient_id": CONTACT}))
}

pub fn execute(command: &Command, answers: impl IntoIterator<Item = Answer>) -> Run {
    run::<Facebook>(&channel(), command, answers)
}

/// The body; one that goes to `/messages` is what the platform's description asks for.
pub fn json_body(request: &Request) -> Value {
    let Body::Bytes(bytes) = &request.body else { panic!("not a JSON body: {:?}", request.body) };
    let body = serde_json::from_slice(bytes).unwrap();
    if request.url.ends_with("/messages") {
        let error = MESSAGE.iter_errors(&body).next();
        assert!(error.is_none(), "{error:?}: {body}");
    }
    body
}

static MESSAGE: LazyLock<Validator> = LazyLock::new(|| {
    let schema = include_str!("../schema/message.json");
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
});
