//! A WAHA server: what state its sessions are in, the messages that the phone of the one called `default` has, and what
//! was asked of it.

use std::{
    collections::BTreeMap,
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
pub const HMAC_KEY: &str = "a key that signs";

/// A picture of one point.
pub const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8,
    6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89,
];
const DEFAULT: &str = "default";

pub struct Waha {
    pub platform: Platform,
    pub phone: Phone,
}

#[derive(Clone, Default)]
pub struct Phone(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Of each session there is.
    statuses: BTreeMap<String, &'static str>,
    /// What a restart leads to; without it, the session stays as it is.
    after_restart: Option<&'static str>,
    messages: Vec<Value>,
    sent: usize,
    config: Value,
    /// With which statuses it answers before it takes a configuration.
    refusals: Vec<u16>,
}

impl Waha {
    pub async fn start() -> Self {
        let phone = Phone::default();
        phone.is("WORKING");
        let platform = Platform::start(phone.usual()).await;
        Self { platform, phone }
    }

    /// Lines of an engine's configuration that make this its own server.
    pub fn hosting(&self) -> String {
        format!(
            "waha.base_url = \"{}\"\nwaha.api_key = \"{API_KEY}\"\nwaha.hmac_key = \"{HMAC_KEY}\"",
            self.platform.address
        )
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
        self.of(DEFAULT, status);
    }

    /// The same for any session.
    pub fn of(&self, session: &str, status: &'static str) {
        self.0.lock().unwrap().statuses.insert(session.to_owned(), status);
    }

    pub fn restarts_into(&self, status: &'static str) {
        self.0.lock().unwrap().after_restart = Some(status);
    }

    /// The next times it is given a configuration, it answers with these instead.
    pub fn refuses_configuration(&self, statuses: impl IntoIterator<Item = u16>) {
        self.0.lock().unwrap().refusals.extend(statuses);
    }

    /// The webhooks that its session calls.
    pub fn webhooks(&self) -> Vec<Value> {
        self.0.lock().unwrap().config["webhooks"].as_array().cloned().unwrap_or_default()
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
        let parts: Vec<&str> = path.trim_start_matches("/api/").split('/').collect();
        match (call.method.as_str(), parts.as_slice()) {
            ("POST", ["sessions"]) => {
                let name = call.json()["name"].as_str().unwrap().to_owned();
                state.statuses.insert(name.clone(), "SCAN_QR_CODE");
                state.session(&name)
            }
            ("PUT", ["sessions", name]) => match state.refusals.pop() {
                Some(status) => Answer::Json(status, json!({"statusCode": status, "message": "not now", "error": "x"})),
                None => {
                    state.config = call.json()["config"].clone();
                    state.session(name)
                }
            },
            ("GET", ["sessions", name]) => state.session(name),
            ("POST", ["sessions", name, action]) => state.changed(name, action),
            ("GET", [DEFAULT, "chats", "all", "messages"]) => state.page(query),
            ("GET", [_, "chats", "all", "messages"]) => Answer::Json(200, json!([])),
            ("GET", [name, "auth", "qr"]) => state.in_state(name, "SCAN_QR_CODE").unwrap_or_else(|| {
                let kind = ("content-type".to_owned(), "image/png".to_owned());
                Answer::Bytes(200, vec![kind], PNG.to_vec())
            }),
            // Somebody types it at once.
            ("POST", [name, "auth", "request-code"]) => state.in_state(name, "SCAN_QR_CODE").unwrap_or_else(|| {
                state.statuses.insert((*name).to_owned(), "WORKING");
                Answer::Json(201, json!({"code": "ABCD-EFGH"}))
            }),
            ("POST", ["sendText"]) => {
                let session = call.json()["session"].as_str().unwrap_or(DEFAULT).to_owned();
                if let Some(refusal) = state.in_state(&session, "WORKING") {
                    return refusal;
                }
                state.sent += 1;
                let id = format!("true_{ANA}_3EB0{:04}", state.sent);
                Answer::Json(
                    201,
                    json!({"id": id, "timestamp": now(), "fromMe": true, "to": ANA, "body": call.json()["text"]}),
                )
            }
            ("POST", ["sendSeen" | "startTyping" | "stopTyping"]) => Answer::Json(201, json!({})),
            ("GET", ["contacts"]) => Answer::Json(200, json!({"id": ANA, "name": "Ana", "pushname": "Ana"})),
            ("GET", ["contacts", "check-exists"]) => Answer::Json(200, json!({"numberExists": true, "chatId": ANA})),
            _ => Answer::Json(404, json!({"message": format!("Cannot {} {path}", call.method), "statusCode": 404})),
        }
    }
}

impl State {
    fn session(&self, name: &str) -> Answer {
        match self.statuses.get(name) {
            Some(status) => Answer::Json(
                200,
                json!({"name": name, "status": status, "config": self.config, "me": {"id": ME, "pushName": "Acme"}}),
            ),
            None => Answer::Json(
                404,
                json!({"message": format!("We didn't find a session with name '{name}'."), "error": "Not Found",
                    "statusCode": 404}),
            ),
        }
    }

    /// What is done to a session that is there; another is not found.
    fn changed(&mut self, name: &str, action: &str) -> Answer {
        let after_restart = self.after_restart;
        if let Some(status) = self.statuses.get_mut(name) {
            *status = match action {
                "start" if *status == "STOPPED" => "SCAN_QR_CODE",
                "restart" => after_restart.unwrap_or(*status),
                "stop" => "STOPPED",
                "logout" => "SCAN_QR_CODE",
                _ => *status,
            };
        }
        self.session(name)
    }

    /// A refusal, where the session is in another state.
    fn in_state(&self, name: &str, wanted: &str) -> Option<Answer> {
        let status = self.statuses.get(name).copied().unwrap_or("STOPPED");
        (status != wanted).then(|| {
            Answer::Json(
                422,
                json!({"error": "Session status is not as expected", "session": name, "status": status,
                    "expected": [wanted]}),
            )
        })
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

/// What WAHA signs.
pub fn signature(key: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha512>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// Posts a signed webhook that has to be accepted.
pub async fn tell(engine: &Engine, channel: &str, event: &str, payload: &Value) {
    let status = post(engine, &format!("/webhook/{channel}"), DEFAULT, event, payload).await;
    assert_eq!(status, 200, "{event} {payload}");
}

/// Posts a signed webhook of a session to an address, which may be one that all sessions share.
pub async fn post(engine: &Engine, path: &str, session: &str, event: &str, payload: &Value) -> u16 {
    let body = json!({"event": event, "session": session, "me": {"id": ME}, "payload": payload}).to_string();
    let call = engine.http.post(engine.url(path)).header("content-type", "application/json");
    let call = call.header("x-webhook-hmac", signature(HMAC_KEY, &body)).header("x-webhook-hmac-algorithm", "sha512");
    call.body(body).send().await.unwrap().status().as_u16()
}
