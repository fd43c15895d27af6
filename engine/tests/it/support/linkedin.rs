//! LinkedIn with one company's page: its posts, the comments under them, the notifications that it keeps, and what was
//! asked of it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{
    engine::Engine,
    platform::{Answer, Call, Platform},
};

pub const PAGE: &str = "urn:li:organization:5637409";
pub const ANA: &str = "urn:li:person:f49f2kf0";
pub const BEN: &str = "urn:li:person:b3nb3nb3";
pub const POST: &str = "urn:li:activity:7001";
const TOKEN: &str = "a token of a test";
/// About so long may a comment be.
const LONGEST: usize = 1_250;
pub const SECRET: &str = "a client secret of a test";

/// Every notification has a number of its own.
static TOLD: AtomicU64 = AtomicU64::new(5_603_453_321);

pub struct LinkedIn {
    pub platform: Platform,
    pub page: Page,
}

#[derive(Clone, Default)]
pub struct Page(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    comments: Vec<Value>,
    notifications: Vec<Value>,
    written: u64,
    is_revoked: bool,
}

impl LinkedIn {
    pub async fn start() -> Self {
        let page = Page::default();
        let platform = Platform::start(page.usual()).await;
        Self { platform, page }
    }

    pub fn config(&self, tier: &str) -> Value {
        json!({"apiBaseUrl": self.platform.address, "organization": PAGE, "accessToken": TOKEN, "clientSecret": SECRET,
            "accessTier": tier})
    }

    pub fn count(&self, method: &str, beginning: &str) -> usize {
        let is = |call: &&Call| call.method == method && call.path.starts_with(beginning);
        self.platform.calls().iter().filter(is).count()
    }
}

impl Page {
    pub fn usual(&self) -> impl FnMut(&Call) -> Answer + Send + 'static {
        let page = self.clone();
        move |call| page.answer(call)
    }

    /// Somebody comments; nobody is told.
    pub fn comment(&self, comment: Value) {
        self.0.lock().unwrap().comments.push(comment);
    }

    /// A notification that LinkedIn keeps.
    pub fn notify(&self, notification: Value) {
        self.0.lock().unwrap().notifications.push(notification);
    }

    pub fn revoke(&self, is_revoked: bool) {
        self.0.lock().unwrap().is_revoked = is_revoked;
    }

    pub fn answer(&self, call: &Call) -> Answer {
        let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
        let mut state = self.0.lock().unwrap();
        if state.is_revoked || call.header("authorization") != Some(&format!("Bearer {TOKEN}")) {
            let message = "The token used in the request has been revoked by the user";
            return Answer::Json(
                401,
                json!({"status": 401, "serviceErrorCode": 65601, "code": "REVOKED_ACCESS_TOKEN", "message": message}),
            );
        }
        if call.header("linkedin-version").is_none() {
            return Answer::Json(400, json!({"status": 400, "code": "VERSION_MISSING", "message": "no version"}));
        }
        assert_shaped(call, path);
        let parts: Vec<String> = path.split('/').skip(2).map(plain).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match (call.method.as_str(), parts.as_slice()) {
            ("GET", ["posts"]) => page(&[json!({"id": POST, "author": PAGE})], query),
            ("GET", ["socialActions", of, "comments"]) => {
                let under: Vec<Value> =
                    state.comments.iter().filter(|comment| is_under(comment, of)).cloned().collect();
                page(&under, query)
            }
            ("GET", ["socialActions", of, "comments", number]) => {
                let urn = format!("urn:li:comment:({of},{number})");
                match state.comments.iter().find(|comment| comment["commentUrn"] == urn) {
                    Some(comment) => Answer::Json(200, comment.clone()),
                    None => gone(),
                }
            }
            ("POST", ["socialActions", of, "comments"]) => state.written(of, &call.json()),
            ("GET", ["organizationalEntityNotifications"]) => page(&state.notifications, query),
            _ => gone(),
        }
    }
}

impl State {
    /// The page comments.
    fn written(&mut self, of: &str, body: &Value) -> Answer {
        assert_eq!((body["actor"].as_str(), body["object"].as_str()), (Some(PAGE), Some(of)));
        let text = body["message"]["text"].as_str().expect("a text");
        assert!(!text.is_empty() && text.chars().count() <= LONGEST, "{text}");
        // Nothing else: LinkedIn refuses fields that it does not know.
        let mut shape = json!({"actor": PAGE, "object": of, "message": {"text": text}});
        if let Some(parent) = body.get("parentComment") {
            let answered = self.comments.iter().find(|comment| comment["commentUrn"] == *parent);
            assert!(answered.is_none_or(|comment| comment["parentComment"].is_null()), "there are two levels: {body}");
            shape["parentComment"] = parent.clone();
        }
        assert_eq!(*body, shape);
        self.written += 1;
        let number = 9_000 + self.written;
        let mut made = comment(&number.to_string(), PAGE, body["message"]["text"].as_str().unwrap());
        made["parentComment"] = body["parentComment"].clone();
        self.comments.push(made.clone());
        let headers = [("content-type", "application/json"), ("x-restli-id", &number.to_string())]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Answer::Bytes(201, headers.to_vec(), made.to_string().into_bytes())
    }
}

/// What LinkedIn's documentation says of every request; no description of it is published that could be held against.
fn assert_shaped(call: &Call, path: &str) {
    assert!(path.starts_with("/rest/"), "{path}");
    assert_eq!(call.header("x-restli-protocol-version"), Some("2.0.0"), "{path}");
    let version = call.header("linkedin-version").unwrap_or_default();
    assert!(version.len() == 6 && version.bytes().all(|byte| byte.is_ascii_digit()), "{version} is no YYYYMM");
    if let Some(urn) = path.strip_prefix("/rest/socialActions/").and_then(|rest| rest.split('/').next()) {
        assert!(!urn.contains([':', '(', ',']), "{urn} is to be escaped");
    }
    if call.method == "POST" {
        assert!(call.header("content-type").is_some_and(|kind| kind.starts_with("application/json")), "{path}");
    }
}

/// Of a post those that answer nothing; of a comment those that answer it.
fn is_under(comment: &Value, of: &str) -> bool {
    match comment["parentComment"].as_str() {
        Some(parent) => parent == of,
        None => comment["object"] == of,
    }
}

fn page(elements: &[Value], query: &str) -> Answer {
    let number = |name: &str| {
        let value = query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        value.and_then(|value| value.parse::<usize>().ok())
    };
    let (start, count) = (number("start").unwrap_or(0), number("count").unwrap_or(10));
    let elements: Vec<&Value> = elements.iter().skip(start).take(count).collect();
    Answer::Json(200, json!({"elements": elements, "paging": {"start": start, "count": count, "links": []}}))
}

fn gone() -> Answer {
    Answer::Json(404, json!({"status": 404, "code": "NOT_FOUND", "message": "Could not find entity"}))
}

/// A part of a path, as it was before it was escaped.
fn plain(part: &str) -> String {
    part.replace("%3A", ":").replace("%28", "(").replace("%29", ")").replace("%2C", ",")
}

pub fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

pub fn urn(number: &str) -> String {
    format!("urn:li:comment:({POST},{number})")
}

/// A comment as the API tells of it.
pub fn comment(number: &str, actor: &str, text: &str) -> Value {
    json!({"id": number, "commentUrn": urn(number), "actor": actor, "object": POST, "message": {"text": text},
        "created": {"actor": actor, "time": now()}, "lastModified": {"actor": actor, "time": now()}})
}

/// An answer to a comment, as the API tells of it.
pub fn answer(parent: &str, number: &str, actor: &str, text: &str) -> Value {
    let mut answer = comment(number, actor, text);
    answer["parentComment"] = urn(parent).into();
    answer
}

/// A comment as a notification tells of it.
pub fn notification(action: &str, number: &str, owner: &str, text: &str) -> Value {
    let told = json!({"owner": owner, "text": text, "entity": urn(number), "object": POST});
    let id = TOLD.fetch_add(1, Ordering::Relaxed);
    json!({"notificationId": id, "organizationalEntity": PAGE, "action": action, "lastModifiedAt": now(),
        "sourcePost": POST, "generatedActivity": urn(number).replace("urn:li:activity", "activity"),
        "decoratedGeneratedActivity": {"comment": told}})
}

pub fn signature(body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(b"hmacsha256=");
    mac.update(body.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// Posts a signed webhook that has to be accepted.
pub async fn tell(engine: &Engine, channel: &str, notifications: &[Value]) {
    let body = json!({"type": "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS", "notifications": notifications}).to_string();
    let call = engine.http.post(engine.url(&format!("/webhook/{channel}"))).header("content-type", "application/json");
    let call = call.header("x-li-signature", signature(&body));
    assert_eq!(call.body(body).send().await.unwrap().status(), 200);
}
