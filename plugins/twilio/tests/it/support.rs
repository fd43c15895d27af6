//! Channels, webhooks and answers that the tests share.

use crate::recorded::settings;
use jsonschema::Validator;
use patchbay_plugin_sdk::encoding::encode_component;
use patchbay_plugin_sdk::testing::{self, Fixture, Run, answer, run};
use patchbay_plugin_sdk::{
    Body, Channel, Command, Connector, Event, Message, Request, Response, TransportError, Webhook,
};
use patchbay_plugin_twilio::Twilio;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::LazyLock;

pub use crate::recorded::ACCOUNT;

pub const CONTACT: &str = "+15558675310";
pub const MESSAGES: &str =
    "https://api.twilio.com/2010-04-01/Accounts/ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/Messages.json";

pub fn sms() -> Channel {
    channel_of("+15017122661")
}

pub fn whatsapp() -> Channel {
    channel_of("whatsapp:+14155238886")
}

fn channel_of(address: &str) -> Channel {
    let (channel_type, config) = settings(&[address.to_owned()]);
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
    Twilio::parse(&channel_of(&Twilio::addresses(&webhook)[0]), &webhook).unwrap()
}

/// A form as Twilio posts it.
pub fn form(fields: &[(&str, &str)]) -> Webhook {
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", encode_component(name), encode_component(value)));
    let body = pairs.collect::<Vec<_>>().join("&");
    testing::webhook(body).with_header("content-type", "application/x-www-form-urlencoded")
}

/// A message by SMS; `more` come on top.
pub fn by_sms(more: &[(&str, &str)]) -> Vec<Event> {
    let fields =
        [&[("MessageSid", "SM1"), ("From", CONTACT), ("To", "+15017122661"), ("NumMedia", "0")], more].concat();
    Twilio::parse(&sms(), &form(&fields)).unwrap()
}

/// A message on WhatsApp; `more` come on top.
pub fn by_whatsapp(more: &[(&str, &str)]) -> Vec<Event> {
    let base =
        [("MessageSid", "SM1"), ("From", "whatsapp:+15558675310"), ("To", "whatsapp:+14155238886"), ("Body", "")];
    let own: Vec<_> = base.into_iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name)).collect();
    Twilio::parse(&whatsapp(), &form(&[&own, more].concat())).unwrap()
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
    answer(201, &json!({"sid": format!("SM{number}"), "status": "queued", "error_code": null}))
}

pub fn execute(channel: &Channel, command: &Command, answers: impl IntoIterator<Item = Answer>) -> Run {
    run::<Twilio>(channel, command, answers)
}

/// The fields of a form; those of a new message are what Twilio's own description of it asks for.
pub fn fields(request: &Request) -> Vec<(&str, &str)> {
    let Body::Form(fields) = &request.body else { panic!("not a form: {:?}", request.body) };
    if request.url.ends_with("/Messages.json") {
        let typed = |(name, value): &(String, String)| (name.clone(), typed(name, value));
        let typed = Value::Object(fields.iter().map(typed).collect());
        let error = MESSAGE.iter_errors(&typed).next();
        assert!(error.is_none(), "{error:?}: {typed}");
    }
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// A form has text only; the description tells what each stands for.
fn typed(name: &str, value: &str) -> Value {
    match SCHEMA["properties"][name]["type"].as_str() {
        Some("boolean" | "integer") => serde_json::from_str(value).unwrap(),
        _ => json!(value),
    }
}

static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../schema/message.json")).unwrap());
static MESSAGE: LazyLock<Validator> = LazyLock::new(|| jsonschema::validator_for(&SCHEMA).unwrap());
