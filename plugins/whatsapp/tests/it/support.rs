//! Channels, webhooks and answers that the tests share.

use crate::recorded::settings;
use jsonschema::Validator;
use patchbay_plugin_sdk::testing::{self, Fixture, Run, answer, run};
use patchbay_plugin_sdk::{Body, Channel, Command, Connector, Event, Message, Request, Response, TransportError};
use patchbay_plugin_whatsapp::WhatsApp;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::LazyLock;

pub use crate::recorded::ACCOUNT;
pub use patchbay_plugin_whatsapp::WhatsApp as Tested;

pub const NUMBER: &str = "106540352242922";
pub const CONTACT: &str = "16505551234";
pub const BSUID: &str = "US.13491208655302741918";

pub fn channel() -> Channel {
    channel_of(NUMBER)
}

pub fn channel_of(number: &str) -> Channel {
    let (channel_type, config) = settings(&[number.to_owned()]);
    testing::channel(channel_type, &config)
}

pub fn fixture_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

pub fn fixture(name: &str) -> Fixture {
    Fixture::load(fixture_folder().join(format!("{name}.json")))
}

/// What a recorded webhook says to the channel of its number.
pub fn parse_fixture(name: &str) -> Vec<Event> {
    let webhook = fixture(name).webhook();
    let number = WhatsApp::addresses(&webhook).remove(0);
    WhatsApp::parse(&channel_of(&number), &webhook).unwrap()
}

pub fn parse_body(body: &Value) -> Vec<Event> {
    WhatsApp::parse(&channel(), &testing::webhook(body.to_string())).unwrap()
}

/// One change of a field, of the test's number.
pub fn envelope(field: &str, mut value: Value) -> Value {
    value["metadata"] = json!({"display_phone_number": "15550783881", "phone_number_id": NUMBER});
    let change = json!({"field": field, "value": value});
    json!({"object": "whatsapp_business_account", "entry": [{"id": ACCOUNT, "changes": [change]}]})
}

/// One message of the test's contact; `fields` come on top.
pub fn message(fields: Value) -> Value {
    let mut message = json!({"from": CONTACT, "id": "wamid.1", "timestamp": "1749416383"});
    message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    message
}

pub fn parse_message(fields: Value) -> Event {
    let contact = json!({"profile": {"name": "Sheena Nelson"}, "wa_id": CONTACT});
    one(parse_body(&envelope("messages", json!({"contacts": [contact], "messages": [message(fields)]}))))
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

pub fn ignored(event: Event) -> String {
    match event {
        Event::Ignored(reason) => reason,
        other => panic!("not ignored: {other:?}"),
    }
}

pub type Answer = Result<Response, TransportError>;

/// The n-th message was accepted.
pub fn sent(number: u32) -> Answer {
    answer(200, &json!({"messaging_product": "whatsapp", "messages": [{"id": format!("wamid.OUT{number}")}]}))
}

pub fn done() -> Answer {
    answer(200, &json!({"success": true}))
}

pub fn execute(command: &Command, answers: impl IntoIterator<Item = Answer>) -> Run {
    run::<WhatsApp>(&channel(), command, answers)
}

/// The body; one that goes to `/messages` is what Meta's own schema of it asks for.
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
