//! Registering the channel's webhook in the session's configuration.

use crate::support::{Answer, asked, channel, lost, recorded, unready};
use patchbay_plugin_sdk::testing::{Run, answer, run, with_secrets};
use patchbay_plugin_sdk::{Body, Chunk, Command, FailureKind, Outcome, Request, host};
use patchbay_plugin_waha::Waha;
use serde_json::{Value, json};

const URL: &str = "https://patchbay.example/webhook/1";
const OTHER: &str = "https://other.example/waha";

fn with_key(command: &Command, answers: impl IntoIterator<Item = Answer>) -> Run {
    with_secrets([("apiKey", "1"), ("hmacKey", "2")], || run::<Waha>(&channel(), command, answers))
}

fn register(answers: impl IntoIterator<Item = Answer>) -> Run {
    with_key(&Command::RegisterWebhook, answers)
}

fn session(config: &Value) -> Answer {
    answer(200, &json!({"name": "default", "status": "WORKING", "config": config}))
}

/// The body, with the names of secrets where their values will stand.
fn written(request: &Request) -> Value {
    let Body::Chunks(chunks) = &request.body else { panic!("{:?}", request.body) };
    let text: String = chunks
        .iter()
        .map(|chunk| match chunk {
            Chunk::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap(),
            Chunk::Media(name) => name.clone(),
            Chunk::MediaBase64(media) => panic!("a file {media}"),
        })
        .collect();
    serde_json::from_str(&text).unwrap()
}

/// As the engine shows a connector what WAHA repeats.
fn repeated(mut written: Value) -> Value {
    for webhook in written["config"]["webhooks"].as_array_mut().unwrap() {
        if webhook["hmac"]["key"] == "#secret=hmacKey" {
            webhook["hmac"]["key"] = host::REDACTED.into();
        }
    }
    written["config"].take()
}

#[test]
fn a_session_without_webhooks_gets_one_and_is_then_left_alone() {
    let done = register([session(&json!({"webhooks": null, "debug": false})), session(&json!({}))]);
    assert_eq!(done.result, Ok(Outcome::Ok));
    assert_eq!(asked(&done.requests[0]), ("GET", "/api/sessions/default"));
    assert_eq!((asked(&done.requests[1]), done.requests[1].idempotent), (("PUT", "/api/sessions/default"), true));
    let body = written(&done.requests[1]);
    let [webhook] = body["config"]["webhooks"].as_array().unwrap().as_slice() else { panic!("{body}") };
    assert_eq!((&webhook["url"], &webhook["hmac"]), (&json!(URL), &json!({"key": "#secret=hmacKey"})));
    for event in ["message.any", "message.ack", "message.reaction", "message.edited", "session.status"] {
        assert!(webhook["events"].as_array().unwrap().contains(&json!(event)), "{event}");
    }
    assert!(!webhook["events"].as_array().unwrap().contains(&json!("message")), "message.any tells it");
    assert_eq!(body["config"]["debug"], false);
    let again = register([session(&repeated(body))]);
    assert_eq!((again.result, again.requests.len()), (Ok(Outcome::Ok), 1));
}

#[test]
fn what_the_session_has_besides_stays() {
    let other = json!({"url": OTHER, "events": ["*"], "hmac": {"key": "theirs"}});
    let same_key = json!({"url": OTHER, "events": ["message"], "hmac": {"key": host::REDACTED}});
    let config = json!({"metadata": {"user.id": "1"}, "proxy": null, "webhooks": [other, same_key]});
    let done = register([session(&config), session(&json!({}))]);
    assert_eq!(done.result, Ok(Outcome::Ok));
    let config = written(&done.requests[1])["config"].clone();
    assert_eq!((&config["metadata"], config.get("proxy")), (&json!({"user.id": "1"}), None));
    assert_eq!((&config["webhooks"][0], &config["webhooks"][1]["hmac"]["key"]), (&other, &json!("#secret=hmacKey")));
    assert_eq!(config["webhooks"][2]["url"], URL);
}

#[test]
fn a_webhook_that_lacks_something_is_written_anew() {
    for webhook in [
        json!({"url": URL, "events": ["message"], "hmac": {"key": host::REDACTED}}),
        json!({"url": URL, "events": ["*"], "hmac": {"key": "an old key"}}),
        json!({"url": URL, "events": ["*"], "hmac": null}),
    ] {
        let done = register([session(&json!({"webhooks": [webhook]})), session(&json!({}))]);
        let body = written(&done.requests[1]);
        assert_eq!(body["config"]["webhooks"].as_array().unwrap().len(), 1, "{webhook}");
    }
    let every = json!({"url": URL, "events": ["*"], "hmac": {"key": host::REDACTED}});
    assert_eq!(register([session(&json!({"webhooks": [every]}))]).requests.len(), 1);
}

#[test]
fn registrations_that_fail() {
    let elsewhere = json!({"webhooks": [{"url": OTHER, "events": [], "customHeaders": [{"name": "k",
        "value": host::REDACTED}]}]});
    let refused = answer(400, &json!({"statusCode": 400, "message": ["config must be an object"], "error": "x"}));
    let nothing = || session(&json!({}));
    for (answers, kind) in [
        (vec![lost()], FailureKind::Temporary),
        (vec![Ok(recorded("resp_err_404_session"))], FailureKind::Temporary),
        (vec![Ok(recorded("resp_err_401"))], FailureKind::Unauthorized),
        (vec![session(&elsewhere)], FailureKind::Rejected),
        (vec![nothing(), lost()], FailureKind::Temporary),
        (vec![nothing(), unready("STARTING")], FailureKind::Temporary),
        (vec![nothing(), refused], FailureKind::Rejected),
    ] {
        assert_eq!(register(answers).result.unwrap_err().kind, kind);
    }
    let without = run::<Waha>(&channel(), &Command::RegisterWebhook, []).result.unwrap_err();
    assert!(without.kind == FailureKind::Rejected && without.message.contains("hmacKey"), "{without:?}");
}

#[test]
fn a_session_that_is_made_has_the_webhook_from_its_beginning() {
    let made = answer(201, &json!({"name": "default", "status": "STARTING"}));
    let run = with_key(&Command::SessionStart, [Ok(recorded("resp_err_404_session")), made]);
    assert_eq!(asked(&run.requests[1]), ("POST", "/api/sessions"));
    let body = written(&run.requests[1]);
    assert_eq!((&body["name"], &body["start"]), (&json!("default"), &json!(true)));
    assert_eq!(body["config"]["webhooks"][0]["url"], URL);
    assert_eq!(register([session(&repeated(body))]).requests.len(), 1);
}
