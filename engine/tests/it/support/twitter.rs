//! X with one account: the messages that it has, the files that it was given, and what was asked of it. It takes
//! requests only with a signature that is right.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::Sha256;

use super::{
    engine::Engine,
    platform::{Answer, Call, Platform},
};

pub const ACCOUNT: &str = "4337869213";
pub const ANA: &str = "3001969357";
pub const BEN: &str = "3284025577";
const CONSUMER_SECRET: &str = "a consumer's secret & more";
const TOKEN_SECRET: &str = "a token's secret %";
/// When X began to count, and where the time stands in its identifiers.
const EPOCH_MS: u64 = 1_288_834_974_657;
const TIME: u32 = 22;

pub struct X {
    pub platform: Platform,
    pub site: Site,
}

#[derive(Clone, Default)]
pub struct Site(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    address: String,
    messages: Vec<Value>,
    /// Bytes by segment, and how often they were asked about.
    uploads: BTreeMap<String, (BTreeMap<usize, Vec<u8>>, usize)>,
    picture: Vec<u8>,
}

impl X {
    pub async fn start() -> Self {
        let site = Site::default();
        let platform = Platform::start(site.usual()).await;
        site.0.lock().unwrap().address.clone_from(&platform.address);
        Self { platform, site }
    }

    pub fn config(&self) -> Value {
        json!({"userId": ACCOUNT, "consumerKey": "a key", "consumerSecret": CONSUMER_SECRET,
            "accessTokenKey": "a token", "accessTokenSecret": TOKEN_SECRET, "apiBaseUrl": self.platform.address})
    }

    pub fn count(&self, method: &str, path: &str) -> usize {
        let is = |call: &&Call| call.method == method && call.path.split('?').next() == Some(path);
        self.platform.calls().iter().filter(is).count()
    }
}

impl Site {
    pub fn usual(&self) -> impl FnMut(&Call) -> Answer + Send + 'static {
        let site = self.clone();
        move |call| site.answer(call)
    }

    pub fn shows(&self, picture: &[u8]) {
        self.0.lock().unwrap().picture = picture.to_vec();
    }

    /// The bytes of an upload, in the order of their segments.
    pub fn uploaded(&self) -> Vec<u8> {
        let state = self.0.lock().unwrap();
        state.uploads.values().flat_map(|(segments, _)| segments.values().flatten().copied()).collect()
    }

    pub fn texts(&self) -> Vec<String> {
        let state = self.0.lock().unwrap();
        state.messages.iter().map(|message| message["text"].as_str().unwrap_or_default().to_owned()).collect()
    }

    pub fn answer(&self, call: &Call) -> Answer {
        let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
        let mut state = self.0.lock().unwrap();
        if !is_signed(&state.address, call) {
            return Answer::Json(401, json!({"title": "Unauthorized", "type": "about:blank", "status": 401}));
        }
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match (call.method.as_str(), parts.as_slice()) {
            ("POST", ["2", "dm_conversations", "with", person, "messages"]) => state.sent(person, &call.json()),
            ("GET", ["2", "dm_conversations", "with", _, "dm_events"] | ["2", "dm_events"]) => {
                let newest_first: Vec<&Value> = state.messages.iter().rev().collect();
                Answer::Json(200, json!({"data": newest_first, "meta": {"result_count": newest_first.len()}}))
            }
            ("POST", ["1.1", "direct_messages", "mark_read.json" | "indicate_typing.json"]) => {
                Answer::Bytes(204, Vec::new(), Vec::new())
            }
            ("GET", ["1.1", "ton", "data", "dm", ..]) => {
                Answer::Bytes(200, vec![("content-type".into(), "image/jpeg".into())], state.picture.clone())
            }
            ("POST", ["2", "media", "upload", rest @ ..]) => state.upload(rest, call),
            ("GET", ["2", "media", "upload"]) => state.status(query),
            ("GET", ["2", "users", "me"]) => Answer::Json(200, json!({"data": {"id": ACCOUNT, "name": "Acme"}})),
            _ => Answer::Json(404, json!({"title": "Not Found", "type": "about:blank", "status": 404})),
        }
    }
}

impl State {
    fn sent(&mut self, person: &str, body: &Value) -> Answer {
        let id = identifier(self.messages.len() as u64);
        let created_at = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let conversation = format!("{person}-{ACCOUNT}");
        let mut message = json!({"id": id, "event_type": "MessageCreate", "text": body["text"], "sender_id": ACCOUNT,
            "dm_conversation_id": conversation, "created_at": created_at});
        if let Some(media) = body["attachments"][0]["media_id"].as_str() {
            message["attachments"] = json!({"media_keys": [format!("13_{media}")]});
        }
        self.messages.push(message);
        Answer::Json(201, json!({"data": {"dm_conversation_id": conversation, "dm_event_id": id}}))
    }

    fn upload(&mut self, rest: &[&str], call: &Call) -> Answer {
        match rest {
            ["initialize"] => {
                let id = identifier(self.uploads.len() as u64);
                self.uploads.insert(id.clone(), (BTreeMap::new(), 0));
                Answer::Json(200, json!({"data": {"id": id, "expires_after_secs": 86_400}}))
            }
            [id, "append"] => {
                let segment: usize = String::from_utf8(part(call, "segment_index")).unwrap().parse().unwrap();
                self.uploads.get_mut(*id).unwrap().0.insert(segment, part(call, "media"));
                Answer::Json(200, json!({"data": {"expires_at": 1}}))
            }
            [id, "finalize"] => processing(id, "pending"),
            _ => Answer::Json(400, json!({"title": "Invalid Request"})),
        }
    }

    /// Done with it the second time that it is asked.
    fn status(&mut self, query: &str) -> Answer {
        let id = query.split('&').find_map(|pair| pair.strip_prefix("media_id=")).unwrap();
        let (_, asked) = self.uploads.get_mut(id).unwrap();
        *asked += 1;
        processing(id, if *asked < 2 { "in_progress" } else { "succeeded" })
    }
}

fn processing(id: &str, state: &str) -> Answer {
    let info = json!({"state": state, "check_after_secs": 0});
    Answer::Json(200, json!({"data": {"id": id, "processing_info": info}}))
}

/// The content of a part of a multipart body.
fn part(call: &Call, name: &str) -> Vec<u8> {
    let find = |haystack: &[u8], needle: &[u8]| haystack.windows(needle.len()).position(|window| window == needle);
    let boundary = call.header("content-type").unwrap().split_once("boundary=").unwrap().1;
    let head = format!("name=\"{name}\"");
    let from = find(&call.body, head.as_bytes()).unwrap();
    let content = from + find(&call.body[from..], b"\r\n\r\n").unwrap() + 4;
    let length = find(&call.body[content..], format!("\r\n--{boundary}").as_bytes()).unwrap();
    call.body[content..content + length].to_vec()
}

/// As X computes it, over what arrived.
fn is_signed(address: &str, call: &Call) -> bool {
    let Some(fields) = call.header("authorization").and_then(|value| value.strip_prefix("OAuth ")) else {
        return false;
    };
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let fields: Vec<(String, String)> = fields
        .split(", ")
        .map(|field| field.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), decode(value.trim_matches('"'))))
        .collect();
    let (claimed, own): (Vec<_>, Vec<_>) = fields.into_iter().partition(|(name, _)| name == "oauth_signature");
    let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
    let is_form = call.header("content-type") == Some("application/x-www-form-urlencoded");
    let form = if is_form { call.body.as_slice() } else { &[] };
    let pairs = url::form_urlencoded::parse(query.as_bytes()).chain(url::form_urlencoded::parse(form));
    let pairs = pairs.map(|(name, value)| (name.into_owned(), value.into_owned()));
    let mut all: Vec<(String, String)> =
        pairs.chain(own).map(|(name, value)| (encode(&name), encode(&value))).collect();
    all.sort();
    let all: Vec<String> = all.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let text = format!("{}&{}&{}", call.method, encode(&format!("{address}{path}")), encode(&all.join("&")));
    let key = format!("{}&{}", encode(CONSUMER_SECRET), encode(TOKEN_SECRET));
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    claimed == [("oauth_signature".to_owned(), BASE64_STANDARD.encode(mac.finalize().into_bytes()))]
}

fn encode(text: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(text, KEPT).to_string()
}

pub fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// One that X would give now.
pub fn identifier(number: u64) -> String {
    (((now_ms() - EPOCH_MS) << TIME) + number).to_string()
}

/// A message of somebody's to the account, or of the account's to somebody.
pub fn message(id: &str, from: &str, to: &str, text: &str) -> Value {
    json!({"type": "message_create", "id": id, "created_timestamp": now_ms().to_string(), "message_create": {
        "target": {"recipient_id": to}, "sender_id": from, "message_data": {"text": text, "entities": {"urls": []}}}})
}

/// An event of an account, in the older envelope.
pub fn account(list: &str, event: &Value) -> Value {
    json!({"for_user_id": ACCOUNT, list: [event], "users": {ANA: {"id": ANA, "name": "Ana", "screen_name": "ana"}}})
}

/// An event in the newer envelope.
pub fn activity(kind: &str, payload: &Value) -> Value {
    json!({"data": {"event_uuid": "-1", "filter": {"user_id": ACCOUNT}, "event_type": kind, "payload": payload}})
}

pub fn hash(text: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(CONSUMER_SECRET.as_bytes()).unwrap();
    mac.update(text);
    format!("sha256={}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

/// Posts a signed webhook that has to be accepted.
pub async fn tell(engine: &Engine, channel: &str, body: &Value) {
    let body = body.to_string();
    let call = engine.http.post(engine.url(&format!("/webhook/{channel}"))).header("content-type", "application/json");
    let call = call.header("x-twitter-webhooks-signature", hash(body.as_bytes()));
    assert_eq!(call.body(body.clone()).send().await.unwrap().status(), 200, "{body}");
}
