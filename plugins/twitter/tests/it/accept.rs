//! Authentic or not, and whose.

use crate::support::{ACCOUNT, channel, fixture, ignored, one, parse};
use patchbay_plugin_sdk::testing::{webhook, with_secrets};
use patchbay_plugin_sdk::{Acceptance, Connector, Rejection, Webhook};
use patchbay_plugin_twitter::Twitter;
use serde_json::{Value, json};

const HEADER: &str = "x-twitter-webhooks-signature";

fn accept(secret: &str, webhook: &Webhook) -> Result<Acceptance, Rejection> {
    with_secrets([("consumerSecret", secret)], || Twitter::accept(&channel(), webhook))
}

fn is_refused(secret: &str, webhook: &Webhook) {
    assert!(matches!(accept(secret, webhook), Err(Rejection::Unauthentic(_))), "{webhook:?}");
}

#[test]
fn signature_vector() {
    let fixture = fixture("signature_vector");
    let (vector, secret) = (fixture.webhook(), fixture.text("secret").unwrap());
    assert_eq!(accept(secret, &vector), Ok(Acceptance::keep()));
    is_refused("another secret", &vector);
    is_refused("", &vector);
    let signature = vector.header(HEADER).unwrap().to_owned();
    for wrong in ["", "sha256=", &signature[7..], &signature.to_uppercase(), &signature.replace('n', "m")] {
        is_refused(secret, &vector.clone().with_header(HEADER, wrong));
    }
    let mut changed = vector;
    changed.body.push(b' ');
    is_refused(secret, &changed);
}

fn challenge(query: &str) -> Webhook {
    let address = "https://patchbay.example/webhook/1";
    Webhook { method: "GET".to_owned(), url: format!("{address}{query}"), body: Vec::new(), ..webhook("") }
}

#[test]
fn a_challenge_is_answered_with_the_secrets_hash() {
    let fixture = fixture("crc_handshake");
    let token = fixture.value["request"]["query"]["crc_token"].as_str().unwrap();
    let get = challenge(&format!("?crc_token={token}&nonce=7"));
    let Ok(Acceptance::Answer(reply)) = accept(fixture.text("secret").unwrap(), &get) else { panic!("no answer") };
    let expected = &fixture.value["response_if_token_present"];
    assert_eq!(json!(reply.status), expected["status"]);
    assert_eq!(serde_json::from_slice::<Value>(&reply.body).unwrap(), expected["body"]);
    assert_eq!(json!(reply.headers[0].value), expected["content_type"]);
    for without in ["", "?crc_token=", "?nonce=7", "?crc_token=%7B%22data%22%3A1%7D", "?crc_token=%5B1%5D"] {
        assert!(matches!(accept("my_consumer_secret", &challenge(without)), Err(Rejection::Malformed(_))));
    }
    // Whatever signs it has: an answer that is missing ends the webhook.
    for odd in ["a%20b", "a:~b", "%C3%A4"] {
        let odd = challenge(&format!("?crc_token={odd}"));
        assert!(matches!(accept("my_consumer_secret", &odd), Ok(Acceptance::Answer(_))), "{}", odd.url);
    }
    is_refused("", &get);
}

#[test]
fn a_webhook_belongs_to_its_account() {
    let other = json!({"for_user_id": "1", "direct_message_events": [{"type": "message_create", "id": "2"}]});
    assert_eq!(ignored(one(parse(&other))), "a webhook of another account");
    let several = json!({"data": [
        {"event_type": "dm.read", "filter": {"user_id": "1"}},
        {"event_type": "dm.read", "filter": {"user_id": ACCOUNT}},
        {"event_type": "dm.read", "filter": {"user_id": "1"}},
    ]});
    assert_eq!(Twitter::addresses(&webhook(several.to_string())), ["1", ACCOUNT]);
}

#[test]
fn what_is_no_event_means_nothing() {
    for body in ["[]", "7", "null", "{}", r#"{"data":[]}"#, r#"{"data":{"event_type":7}}"#, r#"{"users":{}}"#] {
        let mut events = Twitter::parse(&channel(), &webhook(body)).unwrap();
        assert_eq!(ignored(events.remove(0)), "an event without a kind", "{body}");
        assert_eq!(Twitter::addresses(&webhook(body)), Vec::<String>::new());
    }
    assert!(Twitter::parse(&channel(), &webhook("{")).unwrap_err().contains("not the expected JSON"));
    let unknown = json!({"for_user_id": ACCOUNT, "applause_events": [{}], "users": {}});
    assert_eq!(ignored(one(parse(&unknown))), "an event applause_events");
}
