//! Channels, webhooks and answers that the tests share. What is one platform's own stands in its `support`.

use crate::recorded;
use crate::support::{CONTACT, OBJECT, OWN, SCHEMA, Tested};
use jsonschema::Validator;
use patchbay_plugin_sdk::testing::{self, Fixture, Run, answer, run};
use patchbay_plugin_sdk::{
    Body, Channel, Command, Connector, Content, Event, Failure, Message, Request, Response, TransportError,
};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::LazyLock;

pub fn channel() -> Channel {
    channel_with(json!({}))
}

/// The test's channel; `settings` come on top.
pub fn channel_with(settings: Value) -> Channel {
    let (channel_type, mut config) = recorded::settings();
    config.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    testing::channel(channel_type, &config)
}

pub fn fixture_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

pub fn fixture(name: &str) -> Fixture {
    Fixture::load(fixture_folder().join(format!("{name}.json")))
}

/// What a recorded webhook says to the test's channel.
pub fn parse_fixture(name: &str) -> Vec<Event> {
    Tested::parse(&channel(), &fixture(name).webhook()).unwrap()
}

pub fn parse_body(body: &Value) -> Vec<Event> {
    Tested::parse(&channel(), &testing::webhook(body.to_string())).unwrap()
}

/// One event of the test's contact; `fields` come on top.
pub fn parse_item(fields: Value) -> Vec<Event> {
    let mut item = json!({"sender": {"id": CONTACT}, "recipient": {"id": OWN}, "timestamp": 1_569_262_485_349_u64});
    item.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    parse_body(&json!({"object": OBJECT, "entry": [{"id": OWN, "time": 1, "messaging": [item]}]}))
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
    run::<Tested>(&channel(), command, answers)
}

/// Why a text was not sent that was answered so.
pub fn refused(answer: Answer) -> Failure {
    execute(&Command::Send(testing::outgoing(CONTACT, Content::text("hello"))), [answer]).result.unwrap_err()
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

static MESSAGE: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap());
