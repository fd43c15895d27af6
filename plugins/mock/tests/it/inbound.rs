use patchbay_plugin_mock::Mock;
use patchbay_plugin_sdk::host::Algorithm;
use patchbay_plugin_sdk::testing::{self, NOW, snapshot, with_secrets};
use patchbay_plugin_sdk::{Acceptance, Channel, Connector, Rejection, Webhook};
use serde_json::{Value, json};

fn channel() -> Channel {
    testing::channel("MOCK", &json!({}))
}

fn webhook(body: &Value) -> Webhook {
    testing::webhook(body.to_string())
}

fn message() -> Value {
    json!({
        "senderPhone": "+1234567890",
        "senderName": "John Doe",
        "message": "Hello, I need help",
        "messageId": "msg-123",
        "metadata": {"page": "/pricing"},
    })
}

fn expected_message() -> Value {
    json!({"message": {
        "id": "msg-123",
        "thread": "+1234567890",
        "sender": {"id": "+1234567890", "name": "John Doe", "phone": "+1234567890"},
        "sent_at": NOW,
        "content": {"text": "Hello, I need help"},
        "metadata": {"page": "/pricing"},
    }})
}

fn parse(body: &Value) -> Result<Value, String> {
    Mock::parse(&channel(), &webhook(body)).map(|events| snapshot(&events))
}

fn is_unauthentic(webhook: &Webhook) -> bool {
    matches!(Mock::accept(&channel(), webhook), Err(Rejection::Unauthentic(_)))
}

#[test]
fn inbound_message() {
    assert_eq!(parse(&message()), Ok(json!([expected_message()])));
}

#[test]
fn inbound_list() {
    let status = json!({"status": "read", "messageId": "sent-1", "at": 5});
    let read = json!({"status": {"id": "sent-1", "state": "read", "at": 5}});
    assert_eq!(parse(&json!([message(), status])), Ok(json!([expected_message(), read])));
    assert_eq!(parse(&json!([])), Ok(json!([])));
}

#[test]
fn inbound_sender_without_an_international_number() {
    let mut body = message();
    body["senderPhone"] = json!("visitor-7");
    let events = parse(&body).unwrap();
    assert_eq!(events[0]["message"]["sender"], json!({"id": "visitor-7", "name": "John Doe"}));
}

#[test]
fn inbound_status_of_every_state() {
    for state in ["accepted", "sent", "delivered", "read"] {
        let events = parse(&json!({"status": state, "messageId": "sent-1"}));
        assert_eq!(events, Ok(json!([{"status": {"id": "sent-1", "state": state, "at": NOW}}])));
    }
}

#[test]
fn inbound_status_failed_says_why() {
    let events = parse(&json!({"status": "failed", "messageId": "sent-1", "reason": "no such number"})).unwrap();
    assert_eq!(events[0]["status"]["failure"], json!({"kind": "rejected", "message": "no such number"}));
}

#[test]
fn inbound_unknown_status_is_ignored() {
    let events = parse(&json!({"status": "queued", "messageId": "sent-1"}));
    assert_eq!(events, Ok(json!([{"ignored": "the status \"queued\""}])));
}

#[test]
fn inbound_without_an_id_gets_one_of_its_own_that_stays_the_same() {
    let mut body = message();
    body.as_object_mut().unwrap().remove("messageId");
    let ids = |webhook: &Webhook| -> Vec<Value> {
        let events = snapshot(&Mock::parse(&channel(), webhook).unwrap());
        events.as_array().unwrap().iter().map(|event| event["message"]["id"].clone()).collect()
    };
    let first = webhook(&json!([body, body]));
    let again = Webhook { received_at: first.received_at + 1, ..first.clone() };
    assert_eq!(ids(&first), ids(&first));
    let all = [ids(&first), ids(&again)].concat();
    assert!((1..all.len()).all(|place| !all[..place].contains(&all[place])), "{all:?}");
}

#[test]
fn inbound_without_a_required_field_cannot_be_parsed() {
    for field in ["senderPhone", "message"] {
        let mut body = message();
        body.as_object_mut().unwrap().remove(field);
        assert_eq!(parse(&json!([message(), body])), Err(format!("{field} is missing")));
    }
    assert_eq!(parse(&json!({"status": "read"})), Err("messageId is missing".to_owned()));
}

#[test]
fn inbound_that_is_not_json_is_malformed() {
    let broken = testing::webhook("{\"message\":");
    assert!(matches!(Mock::accept(&channel(), &broken), Err(Rejection::Malformed(_))));
    assert!(Mock::parse(&channel(), &broken).unwrap_err().contains("not the expected JSON"));
}

#[test]
fn accept_keeps_an_unsigned_webhook_when_there_is_no_secret() {
    let Ok(Acceptance::Keep(reply)) = Mock::accept(&channel(), &webhook(&message())) else { panic!("not kept") };
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body, br#"{"ok":true}"#);
}

#[test]
fn accept_wants_the_signature_of_the_raw_body_when_there_is_a_secret() {
    with_secrets([("secret", "s3cret")], || {
        let unsigned = webhook(&message());
        let signed = |key| unsigned.clone().signed("x-mock-signature", "sha256=", Algorithm::Sha256, key);
        assert!(matches!(Mock::accept(&channel(), &signed("s3cret")), Ok(Acceptance::Keep(_))));
        assert!(is_unauthentic(&unsigned));
        assert!(is_unauthentic(&signed("another")));
        let mut changed = signed("s3cret");
        changed.body.push(b' ');
        assert!(is_unauthentic(&changed));
        assert!(is_unauthentic(&unsigned.clone().with_header("X-Mock-Signature", "sha256=xyz")));
    });
}

#[test]
fn accept_checks_the_signature_before_it_reads_the_body() {
    with_secrets([("secret", "s3cret")], || {
        let broken = testing::webhook("{");
        assert!(is_unauthentic(&broken));
        let signed = broken.signed("X-Mock-Signature", "sha256=", Algorithm::Sha256, "s3cret");
        assert!(matches!(Mock::accept(&channel(), &signed), Err(Rejection::Malformed(_))));
    });
}
