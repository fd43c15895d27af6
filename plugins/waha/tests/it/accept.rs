//! Authentic or not, and of which session.

use crate::support::{channel, fixture, ignored, payload};
use patchbay_plugin_sdk::host::Algorithm;
use patchbay_plugin_sdk::testing::{webhook, with_secrets};
use patchbay_plugin_sdk::{Acceptance, Connector, Rejection, Webhook};
use patchbay_plugin_waha::Waha;
use serde_json::json;

const HEADER: &str = "X-Webhook-Hmac";

fn accept(key: &str, webhook: &Webhook) -> Result<Acceptance, Rejection> {
    with_secrets([("hmacKey", key)], || Waha::accept(&channel(), webhook))
}

fn is_refused(key: &str, webhook: &Webhook) {
    assert!(matches!(accept(key, webhook), Err(Rejection::Unauthentic(_))), "{webhook:?}");
}

#[test]
fn signature_vector() {
    let fixture = fixture("hmac_vector");
    let (vector, key) = (fixture.webhook(), fixture.text("secret").unwrap());
    assert_eq!(accept(key, &vector), Ok(Acceptance::keep()));
    is_refused("another key", &vector);
    is_refused("", &vector);
    let signature = vector.header(HEADER).unwrap().to_owned();
    assert_eq!(accept(key, &vector.clone().with_header(HEADER, signature.to_uppercase())), Ok(Acceptance::keep()));
    for wrong in ["", "sha512=", "208f", &signature[2..], &format!("sha512={signature}"), &signature.replace('2', "3")]
    {
        is_refused(key, &vector.clone().with_header(HEADER, wrong));
    }
    let mut changed = vector;
    changed.body.push(b' ');
    is_refused(key, &changed);
}

#[test]
fn signature_of_another_algorithm() {
    let text = fixture("message_text").webhook();
    let signed = text.clone().signed(HEADER, "", Algorithm::Sha512, "k3y");
    assert_eq!(accept("k3y", &signed), Ok(Acceptance::keep()));
    let named = |algorithm: &str| signed.clone().with_header("X-Webhook-Hmac-Algorithm", algorithm);
    assert_eq!(accept("k3y", &named("SHA512")), Ok(Acceptance::keep()));
    is_refused("k3y", &named("sha256"));
    is_refused("k3y", &text.clone().signed(HEADER, "", Algorithm::Sha256, "k3y"));
    is_refused("k3y", &text);
}

#[test]
fn a_webhook_belongs_to_its_session() {
    let body = json!({"event": "message", "session": "sales", "payload": payload(json!({}))});
    let webhook = webhook(body.to_string());
    assert_eq!(Waha::addresses(&webhook), ["sales"]);
    let mut events = Waha::parse(&channel(), &webhook).unwrap();
    assert_eq!(ignored(events.remove(0)), "a webhook of another session");
}

#[test]
fn what_is_no_webhook_of_waha_means_nothing() {
    for body in ["[]", "7", "null", "{}", r#"{"event":"message"}"#, r#"{"event":"message","payload":[]}"#] {
        let mut events = Waha::parse(&channel(), &webhook(body)).unwrap();
        assert_eq!(ignored(events.remove(0)), "a webhook without a payload", "{body}");
        assert_eq!(Waha::addresses(&webhook(body)), Vec::<String>::new());
    }
    assert!(Waha::parse(&channel(), &webhook("{")).unwrap_err().contains("not the expected JSON"));
}
