//! SendGrid with one account: the mails it accepted, when it is too busy, its signed events and the mails it receives.

use std::sync::{Arc, Mutex};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use p256::{
    ecdsa::{Signature, SigningKey, signature::Signer},
    pkcs8::EncodePublicKey,
};
use reqwest::multipart::Form;
use serde_json::{Value, json};

use super::{
    engine::Engine,
    platform::{Answer, Call, Platform},
};

pub const ANA: &str = "ana@example.com";
const DESK: &str = "desk@example.org";
const API_KEY: &str = "SG.a key of a test";
const INBOUND_TOKEN: &str = "a token of the address";

pub struct SendGrid {
    pub platform: Platform,
    pub account: Account,
    /// Signs what it tells of its mails.
    key: SigningKey,
}

#[derive(Clone, Default)]
pub struct Account(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// How many more mails are one too many, and until when it says so.
    busy: usize,
    until: i64,
    accepted: Vec<Value>,
}

impl SendGrid {
    pub async fn start() -> Self {
        let account = Account::default();
        let platform = Platform::start(account.usual()).await;
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        Self { platform, account, key }
    }

    pub fn config(&self) -> Value {
        let public = self.key.verifying_key().to_public_key_der().unwrap();
        json!({"apiKey": API_KEY, "fromEmail": DESK, "fromName": "Desk", "inboundToken": INBOUND_TOKEN,
            "eventPublicKey": BASE64_STANDARD.encode(public.as_bytes()), "apiBaseUrl": self.platform.address,
            "limits": []})
    }

    /// Posts what became of mails; it has to be accepted.
    pub async fn tell(&self, engine: &Engine, channel: &str, events: &[Value]) {
        let (timestamp, body) = ("1600112502", format!("{}\r\n", json!(events)));
        let signature: Signature = self.key.sign(format!("{timestamp}{body}").as_bytes());
        let call = engine.http.post(engine.url(&format!("/webhook/{channel}")));
        let call = call
            .header("content-type", "application/json")
            .header("x-twilio-email-event-webhook-timestamp", timestamp)
            .header("x-twilio-email-event-webhook-signature", BASE64_STANDARD.encode(signature.to_der()));
        assert_eq!(call.body(body).send().await.unwrap().status(), 200, "{events:?}");
    }
}

impl Account {
    pub fn usual(&self) -> impl FnMut(&Call) -> Answer + Send + 'static {
        let account = self.clone();
        move |call| account.answer(call)
    }

    pub fn is_busy(&self, mails: usize, until: i64) {
        let mut state = self.0.lock().unwrap();
        (state.busy, state.until) = (mails, until);
    }

    /// What it accepted, in the order in which it did.
    pub fn accepted(&self) -> Vec<Value> {
        self.0.lock().unwrap().accepted.clone()
    }

    pub fn answer(&self, call: &Call) -> Answer {
        let mut state = self.0.lock().unwrap();
        if call.header("authorization") != Some(&format!("Bearer {API_KEY}")) {
            let error =
                json!({"message": "The provided authorization grant is invalid, expired, or revoked", "field": null});
            return Answer::Json(401, json!({"errors": [error]}));
        }
        if state.busy > 0 {
            state.busy -= 1;
            let headers = vec![("x-ratelimit-reset".to_owned(), state.until.to_string())];
            return Answer::Bytes(
                429,
                headers,
                br#"{"errors":[{"field":null,"message":"too many requests"}]}"#.to_vec(),
            );
        }
        state.accepted.push(call.json());
        Answer::Bytes(202, vec![("x-message-id".to_owned(), message_id(state.accepted.len()))], Vec::new())
    }
}

/// What the first accepted mail was called, the second and so on.
pub fn message_id(number: usize) -> String {
    format!("wrfRRvF7Q0GgwUo2CvDmE{number}")
}

/// What became of a mail: SendGrid repeats what was sent along with it.
pub fn event(kind: &str, number: usize, mail: &Value, fields: Value) -> Value {
    let mut event = json!({"email": ANA, "event": kind, "timestamp": chrono::Utc::now().timestamp(),
        "sg_event_id": format!("{kind}-{number}"),
        "sg_message_id": format!("{}.filter0425p1mdw1.13037.57168B4A1D.0", message_id(number))});
    let known = event.as_object_mut().unwrap();
    for more in [&mail["personalizations"][0]["custom_args"], &mail["custom_args"], &fields] {
        known.extend(more.as_object().cloned().unwrap_or_default());
    }
    event
}

/// Posts a mail of Ana's as the inbound parse does; what status it was answered with.
pub async fn receive(engine: &Engine, channel: &str, token: &str, headers: &str, text: &str) -> u16 {
    let headers = format!("From: Ana Lima <{ANA}>\nTo: {DESK}\nSubject: A question\n{headers}\n");
    let form = Form::new()
        .text("headers", headers)
        .text("from", format!("Ana Lima <{ANA}>"))
        .text("to", DESK)
        .text("subject", "A question")
        .text("text", text.to_owned())
        .text("attachments", "0")
        .text("envelope", json!({"to": [DESK], "from": ANA}).to_string())
        .text("charsets", json!({"to": "UTF-8", "subject": "UTF-8", "from": "UTF-8", "text": "UTF-8"}).to_string());
    let url = engine.url(&format!("/webhook/{channel}"));
    let call = engine.http.post(url).query(&[("token", token)]).multipart(form);
    call.send().await.unwrap().status().as_u16()
}

/// A mail that has to be accepted.
pub async fn written(engine: &Engine, channel: &str, headers: &str, text: &str) {
    assert_eq!(receive(engine, channel, INBOUND_TOKEN, headers, text).await, 200, "{headers}");
}
