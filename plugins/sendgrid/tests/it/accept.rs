//! Authentic or not.

use crate::support::{channel, channel_with, fixture, mail};
use patchbay_plugin_sdk::testing::{webhook, with_secrets};
use patchbay_plugin_sdk::{Acceptance, Channel, Connector, Rejection, Webhook};
use patchbay_plugin_sendgrid::SendGrid;
use serde_json::json;

fn accepts(channel: &Channel, webhook: &Webhook) -> bool {
    match with_secrets([("inboundToken", "s3cret")], || SendGrid::accept(channel, webhook)) {
        Ok(acceptance) => acceptance == Acceptance::keep(),
        Err(Rejection::Unauthentic(_)) => false,
        Err(other) => panic!("{other:?}"),
    }
}

fn with_key() -> Channel {
    channel_with(json!({"eventPublicKey": fixture("signature_vector").text("public_key_der_base64").unwrap()}))
}

fn called_with(token: &str, webhook: Webhook) -> Webhook {
    Webhook { url: format!("https://patchbay.example/webhook/1?token={token}"), ..webhook }
}

#[test]
fn signature_vector() {
    let signed = fixture("signature_vector").webhook();
    assert!(accepts(&with_key(), &signed));
    assert!(!accepts(&channel(), &called_with("s3cret", signed.clone())), "the channel has no key");
    let mut trimmed = signed.clone();
    trimmed.body.truncate(trimmed.body.len() - 2);
    assert!(!accepts(&with_key(), &trimmed), "the line break at the end is signed too");
    let later = signed.clone().with_header("X-Twilio-Email-Event-Webhook-Timestamp", "1600112503");
    assert!(!accepts(&with_key(), &later));
    let garbled = signed.clone().with_header("X-Twilio-Email-Event-Webhook-Signature", "no base64");
    assert!(!accepts(&with_key(), &called_with("s3cret", garbled)));
    let mut unsigned = signed;
    unsigned.headers.retain(|header| !header.name.contains("Webhook"));
    assert!(!accepts(&with_key(), &called_with("s3cret", unsigned)), "with a key, events must be signed");
}

#[test]
fn a_key_in_its_pem_frame_is_the_same_key() {
    let key = fixture("signature_vector").text("public_key_der_base64").unwrap().to_owned();
    let (first, second) = key.split_at(64);
    let framed = format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n");
    assert!(accepts(&channel_with(json!({"eventPublicKey": framed})), &fixture("signature_vector").webhook()));
}

#[test]
fn mail_and_unsigned_events_need_the_token_of_the_address() {
    for webhook in [mail("", &[]), webhook("[]")] {
        assert!(accepts(&channel(), &called_with("s3cret", webhook.clone())));
        assert!(!accepts(&channel(), &called_with("another", webhook.clone())));
        assert!(!accepts(&channel(), &webhook));
        let unset = with_secrets([], || SendGrid::accept(&channel(), &called_with("", webhook)));
        assert!(matches!(unset, Err(Rejection::Unauthentic(_))));
    }
    assert!(accepts(&with_key(), &called_with("s3cret", mail("", &[]))), "mail is not signed");
    let signed_by_another = mail("", &[]).with_header("X-Twilio-Email-Event-Webhook-Signature", "MEUCIGHQVtGj");
    assert!(accepts(&with_key(), &called_with("s3cret", signed_by_another.clone())));
    assert!(!accepts(&with_key(), &signed_by_another));
}
