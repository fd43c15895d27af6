//! A WAHA server with one session: what state it is in, the messages its phone has, and what was asked of it.

use std::{
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha512;

use super::{
    engine::Engine,
    platform::{Answer, Call, Platform},
};

pub const ANA: &str = "4915112345678@c.us";
const ME: &str = "79222222222@c.us";
const API_KEY: &str = "a key of a test";
const HMAC_KEY: &str = "a key that signs";

pub struct Waha {
    pub platform: Platform,
    pub phone: Phone,
}

#[derive(Clone, Default)]
pub struct Phone(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    status: &'static str,
    /// What a restart leads to; without it, the session stays as it is.
    after_restart: Option<&'static str>,
    messages: Vec<Value>,
    sent: usize,
}

impl Waha {
    pub async fn start() -> Self {
        let phone = Phone::default();
        phone.is("WORKING");
        let platform = Platform::start(phone.usual()).await;
        Self { platform, phone }
    }

    pub fn config(&self) -> Value {
        json!({"baseUrl": self.platform.address, "session": "default", "apiKey": API_KEY, "hmacKey": HMAC_KEY})
    }

    pub fn count(&self, method: &str, path: &str) -> usize {
        let is = |call: &&Call| call.method == method && call.path.split('?').next() == Some(path);
        self.platform.calls().iter().filter(is).count()
    }
}

impl Phone {
    pub fn is(&self, status: &'static str) {
        self.0.lock().unwrap().status = status;
    }

    pub fn restarts_into(&self, status: &'static str) {
        self.0.lock().unwrap().after_restart = Some(status);
    }

    pub fn keep(&self, messages: impl IntoIterator<Item = Value>) {
        self.0.lock().unwrap().messages.extend(messages);
    }

    pub fn usual(&self) -> impl FnMut(&Call) -> Answer + Send + 'static {
        let phone = self.clone();
        move |call| phone.answer(call)
    }

    pub fn answer(&self, call: &Call) -> Answer {
        if call.header("x-api-key") != Some(API_KEY) {
            return Answer::Json(401, json!({"message": "Unauthorized", "statusCode": 401}));
        }
        let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
        let mut state = self.0.lock().unwrap();
        match path {
            "/api/sessions/default/restart" => {
                state.status = state.after_restart.unwrap_or(state.status);
                state.session()
            }
            "/api/sessions/default" => state.session(),
            "/api/default/chats/all/messages" => state.page(query),
            "/api/sendText" if state.status != "WORKING" => Answer::Json(
                422,
                json!({"error": "Session status is not as expected", "session": "default", "status": state.status,
                    "expected": ["WORKING"]}),
            ),
            "/api/sendText" => {
                state.sent += 1;
                let id = format!("true_{ANA}_3EB0{:04}", state.sent);
                Answer::Json(
                    201,
                    json!({"id": id, "timestamp": now(), "fromMe": true, "to": ANA, "body": call.json()["text"]}),
                )
            }
            "/api/contacts" => Answer::Json(200, json!({"id": ANA, "name": "Ana", "pushname": "Ana"})),
            _ => Answer::Json(404, json!({"message": format!("Cannot {} {path}", call.method), "statusCode": 404})),
        }
    }
}

impl State {
    fn session(&self) -> Answer {
        Answer::Json(200, json!({"name": "default", "status": self.status, "me": {"id": ME, "pushName": "Acme"}}))
    }

    /// The messages since a time, as many as are asked for from where it is asked.
    fn page(&self, query: &str) -> Answer {
        let number = |name: &str| {
            let value = query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
            value.and_then(|value| value.parse::<u64>().ok()).unwrap_or_else(|| panic!("{name} in {query}"))
        };
        let (from, limit) = (usize::try_from(number("offset")).unwrap(), usize::try_from(number("limit")).unwrap());
        let since = number("filter.timestamp.gte");
        let is_new = |message: &&Value| message["timestamp"].as_u64().unwrap() >= since;
        let page: Vec<&Value> = self.messages.iter().filter(is_new).skip(from).take(limit).collect();
        Answer::Json(200, json!(page))
    }
}

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A message of Ana's.
pub fn message(id: &str, timestamp: u64, text: &str) -> Value {
    json!({"id": format!("false_{ANA}_{id}"), "timestamp": timestamp, "from": ANA, "to": ME, "fromMe": false,
        "body": text, "hasMedia": false})
}

/// Our own message, as the session tells of everything that is written.
pub fn echo(id: &str, text: &str) -> Value {
    json!({"id": id, "timestamp": now(), "from": ME, "to": ANA, "fromMe": true, "source": "api", "body": text,
        "hasMedia": false, "ack": 1, "ackName": "SERVER"})
}

pub fn read(id: &str) -> Value {
    json!({"id": id, "from": ANA, "fromMe": true, "ack": 3, "ackName": "READ"})
}

/// Posts a signed webhook that has to be accepted.
pub async fn tell(engine: &Engine, channel: &str, event: &str, payload: &Value) {
    let body = json!({"event": event, "session": "default", "me": {"id": ME}, "payload": payload}).to_string();
    let mut mac = Hmac::<Sha512>::new_from_slice(HMAC_KEY.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    let call = engine.http.post(engine.url(&format!("/webhook/{channel}"))).header("content-type", "application/json");
    let call = call.header("x-webhook-hmac", signature).header("x-webhook-hmac-algorithm", "sha512");
    assert_eq!(call.body(body).send().await.unwrap().status(), 200, "{event} {payload}");
}
