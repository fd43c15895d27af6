//! Channels, webhooks and answers that the tests share.

use crate::recorded::settings;
use patchbay_plugin_sdk::testing::{self, Fixture, Run, answer, run, with_secrets};
use patchbay_plugin_sdk::{
    Auth, Body, Channel, Command, Connector, Event, Failure, Message, Request, Response, TransportError,
};
use patchbay_plugin_twitter::Twitter;
use serde_json::{Value, json};
use std::path::PathBuf;

pub const SERVER: &str = "https://api.x.com";
pub const ACCOUNT: &str = "4337869213";
pub const CONTACT: &str = "3001969357";
/// Of the time of every test.
pub const EVENT: &str = "1931783211185078272";

pub type Answer = Result<Response, TransportError>;

pub fn channel() -> Channel {
    channel_of(ACCOUNT)
}

pub fn channel_of(account: &str) -> Channel {
    let (channel_type, config) = settings(&[account.to_owned()]);
    testing::channel(channel_type, &config)
}

pub fn fixture_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

pub fn fixture(name: &str) -> Fixture {
    Fixture::load(fixture_folder().join(format!("{name}.json")))
}

pub fn recorded(name: &str) -> Answer {
    Ok(fixture(name).response())
}

pub fn parse(body: &Value) -> Vec<Event> {
    Twitter::parse(&channel(), &testing::webhook(body.to_string())).unwrap()
}

pub fn one(mut events: Vec<Event>) -> Event {
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

/// The one event of an account's webhook with one item in this list.
pub fn account(list: &str, item: Value) -> Event {
    one(parse(&json!({"for_user_id": ACCOUNT, list: [item], "users": {}})))
}

pub fn activity(kind: &str, payload: Value) -> Event {
    let data = json!({"event_uuid": "-1", "filter": {"user_id": ACCOUNT}, "event_type": kind, "payload": payload});
    one(parse(&json!({"data": data})))
}

/// A message of the contact's; `data` comes on top of its text.
pub fn written(data: Value) -> Value {
    let message = with(json!({"text": "Hello"}), data);
    json!({"type": "message_create", "id": EVENT, "created_timestamp": "1749407983000", "message_create": {
        "target": {"recipient_id": ACCOUNT}, "sender_id": CONTACT, "message_data": message}})
}

pub fn with(mut object: Value, fields: Value) -> Value {
    object.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    object
}

pub fn message(event: Event) -> Message {
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

/// The n-th message was sent.
pub fn sent(number: u32) -> Answer {
    answer(201, &json!({"data": {"dm_conversation_id": "1-2", "dm_event_id": number.to_string()}}))
}

pub fn lost() -> Answer {
    Err(TransportError::Unknown("the answer was lost".to_owned()))
}

/// With OAuth 1.0a, by which every request is signed.
pub fn execute(command: &Command, answers: impl IntoIterator<Item = Answer>) -> Run {
    let secrets = [("consumerSecret", "s1"), ("accessTokenSecret", "s2"), ("bearerToken", "s3")];
    let run = with_secrets(secrets, || run::<Twitter>(&channel(), command, answers));
    for request in &run.requests {
        assert!(request.url.starts_with(SERVER), "{}", request.url);
        let is_signed = header(request, "authorization").is_some_and(|value| value.starts_with("OAuth oauth_"));
        let by_app = request.auth == Auth::Bearer("bearerToken".to_owned());
        assert!(is_signed != by_app, "{request:?}");
    }
    run
}

/// With OAuth 2 alone.
pub fn execute_by_oauth2(command: &Command, answers: impl IntoIterator<Item = Answer>) -> Run {
    let secrets = [("consumerSecret", "s1"), ("oauth2AccessToken", "s4")];
    let run = with_secrets(secrets, || run::<Twitter>(&channel(), command, answers));
    for request in &run.requests {
        assert_eq!(request.auth, Auth::Bearer("oauth2AccessToken".to_owned()));
        assert_eq!(header(request, "authorization"), None);
    }
    run
}

pub fn failure(command: &Command, answers: impl IntoIterator<Item = Answer>) -> Failure {
    execute(command, answers).result.unwrap_err()
}

pub fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|header| header.name == name).map(|header| header.value.as_str())
}

/// Method and path with its query.
pub fn asked(request: &Request) -> (&str, &str) {
    (&request.method, request.url.strip_prefix(SERVER).unwrap())
}

pub fn paths(run: &Run) -> Vec<&str> {
    run.requests.iter().map(|request| asked(request).1).collect()
}

pub fn json_body(request: &Request) -> Value {
    match &request.body {
        Body::Bytes(bytes) => serde_json::from_slice(bytes).unwrap(),
        other => panic!("not a JSON body: {other:?}"),
    }
}
