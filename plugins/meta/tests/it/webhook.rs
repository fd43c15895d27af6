//! The handshake and the signature.

use patchbay_plugin_meta::webhook::accept;
use patchbay_plugin_sdk::host::Algorithm;
use patchbay_plugin_sdk::testing::{webhook, with_secrets};
use patchbay_plugin_sdk::{Acceptance, Rejection, Reply, Webhook};

const SECRETS: [(&str, &str); 2] = [("appSecret", "s3cret"), ("webhookVerifyToken", "a token+&=")];
const HEADER: &str = "X-Hub-Signature-256";

fn handshake(query: &str) -> Webhook {
    let url = format!("https://patchbay.example/webhook/1?{query}");
    Webhook { method: "GET".to_owned(), url, ..webhook("") }
}

fn reason(result: Result<Acceptance, Rejection>) -> String {
    match result {
        Err(Rejection::Unauthentic(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn handshake_with_the_token_is_answered_with_the_challenge() {
    let query = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=a%20token%2B%26%3D";
    let answer = with_secrets(SECRETS, || accept(&handshake(query)));
    assert_eq!(answer, Ok(Acceptance::Answer(Reply::text("1158201444"))));
}

#[test]
fn handshake_with_another_token_or_without_its_parts_is_refused() {
    let wrong = [
        ("hub.mode=subscribe&hub.challenge=1&hub.verify_token=other", "webhookVerifyToken"),
        ("hub.mode=subscribe&hub.challenge=1", "webhookVerifyToken"),
        ("hub.mode=subscribe&hub.verify_token=a%20token%2B%26%3D", "hub.challenge"),
        ("hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=a%20token%2B%26%3D", "hub.mode"),
        ("", "hub.mode"),
    ];
    for (query, named) in wrong {
        let reason = reason(with_secrets(SECRETS, || accept(&handshake(query))));
        assert!(reason.contains(named), "{query}: {reason}");
    }
}

#[test]
fn handshake_of_a_channel_without_a_token_is_refused() {
    let query = "hub.mode=subscribe&hub.challenge=1&hub.verify_token=";
    let refused = with_secrets([("appSecret", "s3cret")], || accept(&handshake(query)));
    assert!(matches!(refused, Err(Rejection::Unauthentic(_))), "{refused:?}");
}

#[test]
fn signature_covers_the_raw_bytes() {
    let signed = webhook(r#"{"a":"\u00e4 \/"}"#).signed(HEADER, "sha256=", Algorithm::Sha256, "s3cret");
    assert_eq!(with_secrets(SECRETS, || accept(&signed)), Ok(Acceptance::keep()));
    let reserialised = Webhook { body: r#"{"a":"ä /"}"#.into(), ..signed };
    assert!(reason(with_secrets(SECRETS, || accept(&reserialised))).contains("not the body's signature"));
}

#[test]
fn a_signed_body_is_kept_whatever_it_holds() {
    for body in [&b"{\"entry\":[{"[..], b"", b"\xff\xfe"] {
        let signed = webhook(body).signed(HEADER, "sha256=", Algorithm::Sha256, "s3cret");
        assert_eq!(with_secrets(SECRETS, || accept(&signed)), Ok(Acceptance::keep()));
    }
}

#[test]
fn signature_missing_wrong_or_of_another_kind_is_refused() {
    let right = webhook("{}").signed(HEADER, "sha256=", Algorithm::Sha256, "s3cret");
    let value = right.header(HEADER).unwrap().to_owned();
    let cases = [
        (webhook("{}"), "missing"),
        (webhook("{}").signed(HEADER, "sha256=", Algorithm::Sha256, "another"), "not the body's signature"),
        (webhook("{}").signed(HEADER, "sha1=", Algorithm::Sha1, "s3cret"), "not the body's signature"),
        (webhook("{}").signed("X-Hub-Signature", "sha1=", Algorithm::Sha1, "s3cret"), "missing"),
        (webhook("{}").with_header(HEADER, &value[..value.len() - 2]), "not the body's signature"),
        (webhook("{}").with_header(HEADER, "sha256="), "not the body's signature"),
        (webhook("{}").with_header(HEADER, "sha256=zz"), "not the body's signature"),
    ];
    for (webhook, named) in cases {
        let reason = reason(with_secrets(SECRETS, || accept(&webhook)));
        assert!(reason.contains(named), "{reason}");
    }
}

#[test]
fn without_an_app_secret_nothing_is_authentic() {
    let signed = webhook("{}").signed(HEADER, "sha256=", Algorithm::Sha256, "");
    assert!(reason(with_secrets([], || accept(&signed))).contains("no appSecret"));
}
