//! Twilio with one account: what it accepted, whose 24 hours are over, who said STOP, and its signed webhooks.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha1::Sha1;

use super::{
    engine::Engine,
    platform::{Answer, Call, Platform},
};

pub const ANA: &str = "+4915112345678";
const NUMBER: &str = "+15557122661";
const ACCOUNT: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const TOKEN: &str = "an auth token of a test";

pub struct Twilio {
    pub platform: Platform,
    pub account: Account,
}

#[derive(Clone, Default)]
pub struct Account(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Refusals by recipient, each with its code.
    refused: BTreeMap<String, u32>,
    /// How many more sends are one too many.
    busy: usize,
    accepted: Vec<BTreeMap<String, String>>,
}

impl Twilio {
    pub async fn start() -> Self {
        let account = Account::default();
        let platform = Platform::start(account.usual()).await;
        Self { platform, account }
    }

    pub fn config_of_service(&self) -> Value {
        let mut config = self.config();
        config["messagingServiceSid"] = SERVICE.into();
        config.as_object_mut().unwrap().remove("from");
        config
    }

    pub fn config(&self) -> Value {
        json!({"accountSid": ACCOUNT, "authToken": TOKEN, "from": NUMBER, "apiBaseUrl": self.platform.address,
            "limits": []})
    }
}

/// A channel that has no number of its own: its service chooses one.
pub const SERVICE: &str = "MGbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

impl Account {
    pub fn usual(&self) -> impl FnMut(&Call) -> Answer + Send + 'static {
        let account = self.clone();
        move |call| account.answer(call)
    }

    /// Every message to this address is refused with the code, until there is none.
    pub fn refuses(&self, address: &str, code: Option<u32>) {
        let refused = &mut self.0.lock().unwrap().refused;
        match code {
            Some(code) => refused.insert(address.to_owned(), code),
            None => refused.remove(address),
        };
    }

    pub fn is_busy(&self, sends: usize) {
        self.0.lock().unwrap().busy = sends;
    }

    /// The fields of what it accepted, in the order in which it did.
    pub fn accepted(&self) -> Vec<BTreeMap<String, String>> {
        self.0.lock().unwrap().accepted.clone()
    }

    pub fn answer(&self, call: &Call) -> Answer {
        let credentials = format!("Basic {}", BASE64_STANDARD.encode(format!("{ACCOUNT}:{TOKEN}")));
        if call.header("authorization") != Some(&credentials) {
            return refusal(401, 20_003);
        }
        if call.method != "POST" || call.path != format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json") {
            return Answer::Json(200, json!({"sid": ACCOUNT, "status": "active"}));
        }
        let fields: BTreeMap<String, String> = url::form_urlencoded::parse(&call.body).into_owned().collect();
        let mut state = self.0.lock().unwrap();
        if state.busy > 0 {
            state.busy -= 1;
            return refusal(429, 20_429);
        }
        if let Some(code) = state.refused.get(&fields["To"]) {
            return refusal(400, *code);
        }
        state.accepted.push(fields);
        let sid = sid(state.accepted.len());
        Answer::Json(
            201,
            json!({"sid": sid, "status": "queued", "error_code": null, "num_segments": "1", "from": NUMBER}),
        )
    }
}

fn refusal(status: u16, code: u32) -> Answer {
    let more = format!("https://www.twilio.com/docs/errors/{code}");
    Answer::Json(status, json!({"code": code, "message": "Refused", "more_info": more, "status": status}))
}

/// The identifier of what was accepted as the first, the second and so on.
pub fn sid(number: usize) -> String {
    format!("SM{number:032x}")
}

/// What Ana wrote by SMS.
pub fn sms(sid: &str, text: &str) -> Vec<(&'static str, String)> {
    message(sid, text, "")
}

/// What Ana wrote on WhatsApp.
pub fn whatsapp(sid: &str, text: &str) -> Vec<(&'static str, String)> {
    let mut fields = message(sid, text, "whatsapp:");
    fields.extend([("ProfileName", "Ana Lima".to_owned()), ("WaId", ANA.trim_start_matches('+').to_owned())]);
    fields
}

fn message(sid: &str, text: &str, prefix: &str) -> Vec<(&'static str, String)> {
    vec![
        ("MessageSid", sid.to_owned()),
        ("SmsSid", sid.to_owned()),
        ("SmsMessageSid", sid.to_owned()),
        ("AccountSid", ACCOUNT.to_owned()),
        ("From", format!("{prefix}{ANA}")),
        ("To", format!("{prefix}{NUMBER}")),
        ("Body", text.to_owned()),
        ("NumMedia", "0".to_owned()),
        ("NumSegments", "1".to_owned()),
        ("ApiVersion", "2010-04-01".to_owned()),
        ("SmsStatus", "received".to_owned()),
    ]
}

/// What became of an SMS, as posted to the address that its send named.
pub fn status(sid: &str, status: &str) -> Vec<(&'static str, String)> {
    report(sid, status, "")
}

/// That WhatsApp did not take a message, and why.
pub fn undelivered(sid: &str, code: u32) -> Vec<(&'static str, String)> {
    let mut fields = report(sid, "undelivered", "whatsapp:");
    fields.push(("ErrorCode", code.to_string()));
    fields
}

/// That a carrier did not deliver an SMS, and why.
pub fn failed(sid: &str, code: u32) -> Vec<(&'static str, String)> {
    let mut fields = report(sid, "failed", "");
    fields.push(("ErrorCode", code.to_string()));
    fields
}

fn report(sid: &str, status: &str, prefix: &str) -> Vec<(&'static str, String)> {
    vec![
        ("MessageSid", sid.to_owned()),
        ("SmsSid", sid.to_owned()),
        ("AccountSid", ACCOUNT.to_owned()),
        ("From", format!("{prefix}{NUMBER}")),
        ("To", format!("{prefix}{ANA}")),
        ("MessageStatus", status.to_owned()),
        ("SmsStatus", status.to_owned()),
        ("ApiVersion", "2010-04-01".to_owned()),
    ]
}

/// What Twilio signs with an account's token: the address, then each field in the order of their names.
pub fn signature<'a>(token: &str, url: &str, fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let signed: BTreeSet<String> = fields.map(|(name, value)| format!("{name}{value}")).collect();
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).unwrap();
    mac.update(url.as_bytes());
    for field in &signed {
        mac.update(field.as_bytes());
    }
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

/// Posts to an address of the engine's, signed as Twilio does; what status it was answered with.
pub async fn call(engine: &Engine, url: &str, fields: &[(&'static str, String)]) -> u16 {
    call_signed(engine, url, fields, TOKEN).await
}

/// The same, signed with another token.
pub async fn call_signed(engine: &Engine, url: &str, fields: &[(&'static str, String)], token: &str) -> u16 {
    let signature = signature(token, url, fields.iter().map(|(name, value)| (*name, value.as_str())));
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let post = engine.http.post(url).header("content-type", "application/x-www-form-urlencoded");
    post.header("x-twilio-signature", signature).body(body).send().await.unwrap().status().as_u16()
}

/// Tells the channel of it; it has to be accepted.
pub async fn tell(engine: &Engine, channel: &str, fields: &[(&'static str, String)]) {
    assert_eq!(call(engine, &engine.url(&format!("/webhook/{channel}")), fields).await, 200, "{fields:?}");
}
