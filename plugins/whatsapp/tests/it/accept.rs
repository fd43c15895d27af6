//! Authentic or not.

use crate::support::{channel, fixture};
use patchbay_plugin_sdk::host::Algorithm;
use patchbay_plugin_sdk::testing::{Fixture, with_secrets};
use patchbay_plugin_sdk::{Acceptance, Connector, Rejection, Reply, Webhook};
use patchbay_plugin_whatsapp::WhatsApp;

fn accept(secret: &str, webhook: &Webhook) -> Result<Acceptance, Rejection> {
    with_secrets([("appSecret", secret), ("webhookVerifyToken", "vibecoding")], || {
        WhatsApp::accept(&channel(), webhook)
    })
}

#[test]
fn signature_vector() {
    let fixture = fixture("signature_vector");
    let (webhook, secret) = (fixture.webhook(), fixture.text("secret").unwrap());
    assert_eq!(accept(secret, &webhook), Ok(Acceptance::keep()));
    assert!(matches!(accept("another secret", &webhook), Err(Rejection::Unauthentic(_))));
    let mut changed = webhook;
    changed.body.push(b' ');
    assert!(matches!(accept(secret, &changed), Err(Rejection::Unauthentic(_))));
}

#[test]
fn signature_computed_over_a_recorded_webhook() {
    let text = fixture("text").webhook();
    let signed = text.signed("X-Hub-Signature-256", "sha256=", Algorithm::Sha256, "s3cret");
    assert_eq!(accept("s3cret", &signed), Ok(Acceptance::keep()));
}

#[test]
fn verify_handshake() {
    let Fixture { value } = fixture("verify_handshake");
    let asked = |token: &str| {
        let query = &value["request"]["query"];
        let parameter = |name: &str| query[name].as_str().unwrap().to_owned();
        let (mode, challenge) = (parameter("hub.mode"), parameter("hub.challenge"));
        let url = format!(
            "https://patchbay.example/webhook/1?hub.mode={mode}&hub.challenge={challenge}&hub.verify_token={token}"
        );
        accept("s3cret", &Webhook { method: "GET".to_owned(), url, ..fixture("text").webhook() })
    };
    let challenge = value["response_if_token_matches"]["body_text"].as_str().unwrap();
    let token = value["request"]["query"]["hub.verify_token"].as_str().unwrap();
    assert_eq!(asked(token), Ok(Acceptance::Answer(Reply::text(challenge))));
    assert!(matches!(asked("another"), Err(Rejection::Unauthentic(_))));
}
