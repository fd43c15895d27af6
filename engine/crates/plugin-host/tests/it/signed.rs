//! X's requests as the compiled connector signs them, with the credentials and at the moment of the published signatures.
//! The nonce is the connector's own, so a signature is worked out here once more; that this is done right, the published
//! ones prove.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::DateTime;
use hmac::{Hmac, KeyInit, Mac};
use patchbay_domain::platform::{Body, Command, Content, MessageRef, Outgoing, Participant, Request, Step};
use patchbay_plugin_host::{ChannelView, HostConfig};
use patchbay_plugin_sdk::{
    encoding::encode_component,
    testing::{self, Fixture},
};
use serde_json::json;
use sha1::Sha1;

use crate::{
    fixtures::{built, source},
    world::host,
};

const BY_FORM: &str = "oauth1_form_vector";
const BY_JSON: &str = "oauth1_json_body_vector";

fn vector(name: &str) -> Fixture {
    Fixture::load(source("twitter").join(format!("tests/fixtures/{name}.json")))
}

/// What is signed, and the signature.
fn signature(method: &str, address: &str, parameters: &[(String, String)], key: &str) -> (String, String) {
    let escaped = |(name, value): &(String, String)| (encode_component(name), encode_component(value));
    let mut sorted: Vec<_> = parameters.iter().map(escaped).collect();
    sorted.sort_unstable();
    let joined = sorted.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let base = format!("{method}&{}&{}", encode_component(address), encode_component(&joined));
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(base.as_bytes());
    (base, STANDARD.encode(mac.finalize().into_bytes()))
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

#[test]
fn the_published_signatures_are_worked_out_here() {
    for name in [BY_FORM, BY_JSON] {
        let vector = vector(name);
        let text = |name: &str| vector.text(name).unwrap();
        let mut parameters = pairs([
            ("oauth_consumer_key", text("consumer_key")),
            ("oauth_nonce", text("nonce")),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", text("timestamp")),
            ("oauth_token", text("token")),
            ("oauth_version", "1.0"),
        ]);
        for part in ["query", "form"] {
            for (name, value) in vector.value[part].as_object().into_iter().flatten() {
                parameters.push((name.clone(), value.as_str().unwrap().to_owned()));
            }
        }
        let found = signature(text("method"), text("url"), &parameters, text("signing_key"));
        assert_eq!(found, (text("base_string").to_owned(), text("signature").to_owned()), "{name}");
    }
}

/// The first request of a command, from the compiled connector.
async fn asked(command: Command) -> Request {
    let (vector, file) = (vector(BY_JSON), built("PATCHBAY_TEST_PLUGINS_DIR", "plugins").join("twitter.wasm"));
    let text = |name: &str| vector.text(name).unwrap().to_owned();
    let settings = json!({"userId": "1", "consumerKey": text("consumer_key"), "accessTokenKey": text("token")});
    let channel = testing::channel("TWITTER", &settings);
    let secrets = [("consumerSecret", text("consumer_secret")), ("accessTokenSecret", text("token_secret"))];
    let channel = ChannelView {
        id: channel.id.parse().unwrap(),
        channel_type: channel.channel_type,
        config: channel.config.into(),
        webhook_url: channel.webhook_url,
        secrets: Arc::new(secrets.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
    };
    let now = DateTime::from_timestamp(text("timestamp").parse().unwrap(), 7_000_000).unwrap();
    let mut instance = host(HostConfig::default()).load(std::fs::read(file).unwrap()).await.unwrap().instantiate();
    match instance.perform(&channel, &command, now).await.unwrap() {
        Step::Request(request) => request,
        other => panic!("not a request: {other:?}"),
    }
}

/// The nonce is no other's, and everything else of the signature follows from the request.
fn is_signed(request: &Request, signed: &[(String, String)]) -> String {
    let vector = vector(BY_JSON);
    let header = request.headers.iter().find(|header| header.name == "authorization").unwrap();
    let fields: Vec<(String, String)> = header
        .value
        .strip_prefix("OAuth ")
        .unwrap()
        .split(", ")
        .map(|field| {
            let (name, value) = field.split_once('=').unwrap();
            let value = value.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
            (name.to_owned(), percent_encoding::percent_decode_str(value).decode_utf8().unwrap().into_owned())
        })
        .collect();
    let of = |wanted: &str| fields.iter().find(|(name, _)| name == wanted).unwrap().1.clone();
    let known = ["oauth_consumer_key", "oauth_token", "oauth_timestamp"].map(of);
    assert_eq!(known, ["consumer_key", "token", "timestamp"].map(|name| vector.text(name).unwrap().to_owned()));
    let own = fields.iter().filter(|(name, _)| name != "oauth_signature").cloned();
    let parameters: Vec<_> = own.chain(signed.iter().cloned()).collect();
    let key = vector.text("signing_key").unwrap();
    let (_, expected) = signature(&request.method, &request.url, &parameters, key);
    assert_eq!(of("oauth_signature"), expected, "{}", request.url);
    of("oauth_nonce")
}

#[tokio::test]
async fn a_json_body_is_no_part_of_what_is_signed_and_a_form_is() {
    let vector = vector(BY_JSON);
    let person = Participant { id: "9876543210".to_owned(), ..Participant::default() };
    let text = Content { text: Some("Hello!".to_owned()), ..Content::default() };
    let send = asked(Command::Send(Outgoing {
        id: "out-1".to_owned(),
        to: person.clone(),
        thread: person.id.clone(),
        content: text,
        reply_to: None,
        last_inbound_at: None,
        metadata: json!({}),
    }))
    .await;
    assert_eq!((send.method.as_str(), Some(send.url.as_str())), ("POST", vector.text("url")));
    assert!(matches!(&send.body, Body::Bytes(bytes) if Some(&**bytes) == vector.text("raw").map(str::as_bytes)));
    let nonce = is_signed(&send, &[]);

    let seen = MessageRef { thread: person.id, id: "1234567890123456789".to_owned() };
    let read = asked(Command::MarkRead(vec![seen])).await;
    let Body::Form(form) = &read.body else { panic!("not a form: {:?}", read.body) };
    let expected = pairs([("last_read_event_id", "1234567890123456789"), ("recipient_id", "9876543210")]);
    assert_eq!(*form, expected);
    assert_ne!(is_signed(&read, &expected), nonce);
}
