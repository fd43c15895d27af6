//! Channels, notifications and answers that the tests share.

use crate::recorded;
use patchbay_plugin_linkedin::LinkedIn;
use patchbay_plugin_sdk::testing::{self, Fixture, Run, run};
use patchbay_plugin_sdk::{
    Auth, Body, Channel, Command, Connector, Event, Failure, Header, Message, Request, Response, TransportError,
};
use serde_json::{Value, json};
use std::path::PathBuf;

pub use crate::recorded::PAGE;

pub const SERVER: &str = "https://api.linkedin.com/rest/";
pub const SECRET: &str = "my_client_secret";
pub const MEMBER: &str = "urn:li:person:f49f2kf0";
pub const POST: &str = "urn:li:activity:6631349431612559360";
/// A comment on the post, and an answer to it.
pub const COMMENT: &str = "urn:li:comment:(urn:li:activity:6631349431612559360,6636062862760562688)";
pub const REPLY: &str = "urn:li:comment:(urn:li:activity:6631349431612559360,6643206422739898368)";
pub const SHARE: &str = "urn:li:share:7122658645678465024";
pub const AT: u64 = 1_749_400_000_000;

pub fn channel() -> Channel {
    channel_with(json!({}))
}

pub fn channel_with(settings: Value) -> Channel {
    let (channel_type, config) = recorded::settings();
    testing::channel(channel_type, &with(config, settings))
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

pub fn with(mut object: Value, fields: Value) -> Value {
    object.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    object
}

/// A comment as a notification tells of it; `fields` come on top.
pub fn notification(action: &str, fields: Value) -> Value {
    let notification = json!({
        "subscriber": "urn:li:person:AdmIn00001",
        "notificationId": 5_603_453_321_u64,
        "organizationalEntity": PAGE,
        "action": action,
        "lastModifiedAt": AT,
        "sourcePost": POST,
        "generatedActivity": COMMENT.replace("urn:li:activity", "activity"),
        "decoratedGeneratedActivity": {"comment": {"owner": MEMBER, "text": "Hello", "entity": COMMENT, "object": POST}},
    });
    with(notification, fields)
}

pub fn decorated(comment: Value) -> Value {
    json!({"decoratedGeneratedActivity": {"comment": comment}})
}

pub fn webhook(notifications: Value) -> Value {
    json!({"type": "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS", "notifications": notifications})
}

pub fn parse(body: &Value) -> Vec<Event> {
    LinkedIn::parse(&channel(), &testing::webhook(body.to_string())).unwrap()
}

pub fn event(notification: Value) -> Event {
    let mut events = parse(&webhook(json!([notification])));
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
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

/// A comment as the API tells of it.
pub fn element(urn: &str, actor: &str, text: &str, at: u64) -> Value {
    json!({"commentUrn": urn, "actor": actor, "object": POST, "message": {"text": text, "attributes": []},
        "created": {"actor": actor, "time": at}, "lastModified": {"actor": actor, "time": at}})
}

pub type Answer = Result<Response, TransportError>;

pub fn lost() -> Answer {
    Err(TransportError::Unknown("the answer was lost".to_owned()))
}

pub fn execute_on(channel: &Channel, command: &Command, answers: impl IntoIterator<Item = Answer>) -> Run {
    let run = run::<LinkedIn>(channel, command, answers);
    for request in &run.requests {
        assert_eq!(request.auth, Auth::Bearer("accessToken".to_owned()));
        for header in [("linkedin-version", "202607"), ("x-restli-protocol-version", "2.0.0")] {
            assert!(request.headers.contains(&Header::new(header.0, header.1)), "{header:?}: {request:?}");
        }
    }
    run
}

pub fn execute(command: &Command, answers: impl IntoIterator<Item = Answer>) -> Run {
    execute_on(&channel(), command, answers)
}

pub fn failure(command: &Command, answers: impl IntoIterator<Item = Answer>) -> Failure {
    execute(command, answers).result.unwrap_err()
}

/// Method and path with its query.
pub fn asked(request: &Request) -> (&str, &str) {
    (&request.method, request.url.strip_prefix(SERVER).unwrap())
}

pub fn json_body(request: &Request) -> Value {
    match &request.body {
        Body::Bytes(bytes) => serde_json::from_slice(bytes).unwrap(),
        other => panic!("not a JSON body: {other:?}"),
    }
}
