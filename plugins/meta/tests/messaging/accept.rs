//! Authentic or not, and whose.

use crate::support::{OWN, Tested, channel, fixture};
use patchbay_plugin_sdk::host::Algorithm;
use patchbay_plugin_sdk::testing::with_secrets;
use patchbay_plugin_sdk::{Acceptance, Connector, Rejection, Reply, Webhook};
use serde_json::Value;

fn accept(webhook: &Webhook) -> Result<Acceptance, Rejection> {
    accept_with("s3cret", webhook)
}

fn accept_with(secret: &str, webhook: &Webhook) -> Result<Acceptance, Rejection> {
    with_secrets([("appSecret", secret), ("webhookVerifyToken", "vibecoding")], || Tested::accept(&channel(), webhook))
}

#[test]
fn only_what_the_app_signed_is_kept() {
    let text = fixture("text").webhook();
    assert!(matches!(accept(&text), Err(Rejection::Unauthentic(_))));
    let mut signed = text.signed("X-Hub-Signature-256", "sha256=", Algorithm::Sha256, "s3cret");
    assert_eq!(accept(&signed), Ok(Acceptance::keep()));
    signed.body.push(b' ');
    assert!(matches!(accept(&signed), Err(Rejection::Unauthentic(_))));
}

#[test]
fn the_signature_is_over_the_bytes_that_came() {
    let recorded = fixture("signature_vector");
    let (webhook, secret) = (recorded.webhook(), recorded.text("secret").unwrap());
    assert_eq!(accept_with(secret, &webhook), Ok(Acceptance::keep()));
    assert!(matches!(accept(&webhook), Err(Rejection::Unauthentic(_))));
    let read: Value = serde_json::from_slice(&webhook.body).unwrap();
    let written_anew = Webhook { body: read.to_string().into_bytes(), ..webhook };
    assert!(matches!(accept_with(secret, &written_anew), Err(Rejection::Unauthentic(_))));
}

#[test]
fn the_handshake_needs_the_channels_token() {
    let asked = |token: &str| {
        let query = format!("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}");
        let url = format!("https://patchbay.example/webhook/1?{query}");
        accept(&Webhook { method: "GET".to_owned(), url, ..fixture("text").webhook() })
    };
    assert_eq!(asked("vibecoding"), Ok(Acceptance::Answer(Reply::text("1158201444"))));
    assert!(matches!(asked("another"), Err(Rejection::Unauthentic(_))));
}

#[test]
fn a_webhook_names_its_accounts() {
    assert_eq!(Tested::addresses(&fixture("text").webhook()), [OWN]);
    assert!(Tested::addresses(&patchbay_plugin_sdk::testing::webhook("[]")).is_empty());
}
