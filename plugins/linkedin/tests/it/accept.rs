//! Authentic or not, and of which page.

use crate::support::{
    PAGE, SECRET, channel, channel_with, fixture, fixture_folder, ignored, notification, parse, webhook,
};
use patchbay_plugin_linkedin::LinkedIn;
use patchbay_plugin_sdk::host::Algorithm;
use patchbay_plugin_sdk::testing::{self, with_secrets};
use patchbay_plugin_sdk::{Acceptance, Channel, Connector, Rejection, Reply, Webhook};
use serde_json::{Value, json};

const HEADER: &str = "X-LI-Signature";

fn accept(secret: &str, webhook: &Webhook) -> Result<Acceptance, Rejection> {
    with_secrets([("clientSecret", secret)], || LinkedIn::accept(&channel(), webhook))
}

fn is_refused(secret: &str, webhook: &Webhook) {
    assert!(matches!(accept(secret, webhook), Err(Rejection::Unauthentic(_))), "{webhook:?}");
}

#[test]
fn signature_vector() {
    let vector = fixture("signature_vector").webhook();
    let signature = vector.header(HEADER).unwrap().to_owned();
    let signed = |header: &str| vector.clone().with_header(HEADER, header);
    for right in [signature.clone(), format!("hmacsha256={signature}"), signature.to_uppercase()] {
        assert_eq!(accept(SECRET, &signed(&right)), Ok(Acceptance::keep()), "{right}");
    }
    for wrong in
        ["", "hmacsha256=", "3a2b", &signature[2..], &format!("sha256={signature}"), &signature.replace('3', "4")]
    {
        is_refused(SECRET, &signed(wrong));
    }
    is_refused("another secret", &vector);
    let mut changed = vector.clone();
    changed.body.push(b' ');
    is_refused(SECRET, &changed);
}

#[test]
fn the_prefix_is_inside_what_is_signed() {
    let comment = fixture("comment").webhook();
    is_refused(SECRET, &comment);
    is_refused(SECRET, &comment.signed(HEADER, "", Algorithm::Sha256, SECRET));
}

#[test]
fn a_channel_without_a_secret_accepts_nothing() {
    let vector = fixture("signature_vector").webhook();
    assert!(matches!(LinkedIn::accept(&channel(), &vector), Err(Rejection::Unauthentic(_))));
    let challenge = asks("challengeCode=890e4665-4dfe-4ab1-b689-ed553bceeed0");
    assert!(matches!(LinkedIn::accept(&channel(), &challenge), Err(Rejection::Unauthentic(_))));
}

#[test]
fn a_child_application_signs_with_its_own_secret() {
    let vector = fixture("signature_vector").webhook();
    let secrets = [("clientSecret", "the parent's"), ("childClientSecret", SECRET)];
    assert_eq!(with_secrets(secrets, || LinkedIn::accept(&channel(), &vector)), Ok(Acceptance::keep()));
}

fn asks(query: &str) -> Webhook {
    let mut webhook = testing::webhook("");
    "GET".clone_into(&mut webhook.method);
    webhook.url = format!("{}?{query}", webhook.url);
    webhook
}

#[test]
fn the_challenge_is_answered_with_its_keyed_hash() {
    let recorded = std::fs::read(fixture_folder().join("challenge_handshake.json")).unwrap();
    let recorded: Value = serde_json::from_slice(&recorded).unwrap();
    let body = &recorded["response_if_code_present"]["body"];
    let answer = accept(SECRET, &asks("challengeCode=890e4665-4dfe-4ab1-b689-ed553bceeed0"));
    assert_eq!(answer, Ok(Acceptance::Answer(Reply::json(body))));
    let other = accept("another", &asks("challengeCode=890e4665-4dfe-4ab1-b689-ed553bceeed0"));
    assert!(other.is_ok() && other != answer);
}

/// The same key signs webhooks, so that whoever may choose what is hashed could forge them.
#[test]
fn a_challenge_that_is_no_uuid_is_not_answered() {
    let long = format!("challengeCode={}", "a".repeat(65));
    let queries = [
        "",
        "challengeCode=",
        "other=1",
        "challengeCode=hmacsha256%3D%7B%22type%22%3A1%7D",
        "challengeCode=%20",
        &long,
    ];
    for query in queries {
        assert!(matches!(accept(SECRET, &asks(query)), Err(Rejection::Malformed(_))), "{query}");
    }
}

#[test]
fn the_application_that_is_named_has_its_own_secret() {
    let code = "challengeCode=890e4665-4dfe-4ab1-b689-ed553bceeed0";
    let answer = |channel: &Channel, query: &str| {
        let secrets = [("clientSecret", "parent"), ("childClientSecret", "child")];
        with_secrets(secrets, || LinkedIn::accept(channel, &asks(query)))
    };
    let both = channel_with(json!({"applicationId": "1", "childApplicationId": "2"}));
    let of = |secret: &str| accept(secret, &asks(code));
    assert_eq!(answer(&both, code), of("parent"));
    assert_eq!(answer(&both, &format!("{code}&applicationId=1")), of("parent"));
    assert_eq!(answer(&both, &format!("{code}&applicationId=2")), of("child"));
    assert!(matches!(answer(&both, &format!("{code}&applicationId=3")), Err(Rejection::Unauthentic(_))));
    assert_eq!(answer(&channel(), &format!("{code}&applicationId=3")), of("parent"));
}

#[test]
fn a_webhook_names_its_pages() {
    let other = "urn:li:organization:7";
    let of = |organization: &str| notification("COMMENT", json!({"organizationalEntity": organization}));
    let body = webhook(json!([of(PAGE), of(other), of(PAGE)]));
    assert_eq!(LinkedIn::addresses(&testing::webhook(body.to_string())), [PAGE, other]);
    let mut events = parse(&body);
    assert_eq!(ignored(events.remove(1)), "a notification of another page");
}

#[test]
fn what_is_no_webhook_of_linkedin_means_nothing() {
    let bodies = [json!([]), json!(7), json!({}), webhook(json!([])), webhook(json!({})), webhook(Value::Null)];
    for body in bodies {
        assert_eq!(ignored(parse(&body).remove(0)), "a webhook without notifications", "{body}");
        assert!(LinkedIn::addresses(&testing::webhook(body.to_string())).is_empty());
    }
    let other = json!({"type": "LEAD", "notifications": [notification("COMMENT", json!({}))]});
    assert_eq!(ignored(parse(&other).remove(0)), "a webhook of another type");
    assert!(LinkedIn::parse(&channel(), &testing::webhook("{")).unwrap_err().contains("not the expected JSON"));
}
