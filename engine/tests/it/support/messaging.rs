//! Messenger or Instagram behind the Graph API: who may still be written to, how fast, with which token, and where the
//! files of messages are served.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    engine::Engine,
    platform::{Answer, Call, Platform},
    whatsapp::{APP_SECRET, signature},
};

pub const ANA: &str = "1254459154682919";
const ACCOUNT: &str = "682498302938465";
const TOKEN: &str = "a page's token of a test";
/// What the platform's files hold: the first bytes of a picture.
pub const PICTURE: [u8; 4] = [0xff, 0xd8, 0xff, 0xe0];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    Messenger,
    Instagram,
}

impl Product {
    pub const fn channel_type(self) -> &'static str {
        match self {
            Self::Messenger => "FACEBOOK",
            Self::Instagram => "INSTAGRAM",
        }
    }

    const fn object(self) -> &'static str {
        match self {
            Self::Messenger => "page",
            Self::Instagram => "instagram",
        }
    }

    /// The subcodes of a message outside the window and of one too many.
    const fn subcodes(self) -> (Option<u32>, Option<u32>) {
        match self {
            Self::Messenger => (Some(2_018_278), None),
            Self::Instagram => (Some(2_534_022), Some(2_534_040)),
        }
    }
}

pub struct Graph {
    pub platform: Platform,
    pub account: Account,
}

#[derive(Clone)]
pub struct Account(Product, Arc<Mutex<State>>);

struct State {
    /// What a request has to carry.
    token: &'static str,
    /// Whose window is open.
    open: BTreeMap<String, bool>,
    /// How many sends it takes in what time, and when it took them.
    bucket: Option<(usize, Duration)>,
    taken: Vec<Instant>,
    accepted: Vec<Value>,
}

impl Graph {
    pub async fn start(product: Product) -> Self {
        let state =
            State { token: TOKEN, open: BTreeMap::new(), bucket: None, taken: Vec::new(), accepted: Vec::new() };
        let account = Account(product, Arc::new(Mutex::new(state)));
        let platform = Platform::start(account.usual()).await;
        Self { platform, account }
    }

    pub fn config(&self) -> Value {
        let mut config = json!({"facebookPageId": ACCOUNT, "pageAccessToken": TOKEN, "appSecret": APP_SECRET,
            "webhookVerifyToken": "v", "apiBaseUrl": self.platform.address, "limits": []});
        if self.account.0 == Product::Instagram {
            config["instagramAccountId"] = ACCOUNT.into();
        }
        config
    }

    /// Posts what happened with Ana, signed; it has to be accepted.
    pub async fn tell(&self, engine: &Engine, channel: &str, happened: &[Value]) {
        let product = self.account.0;
        if happened.iter().any(|event| event["sender"]["id"] == ANA && event.get("message").is_some()) {
            self.account.window(ANA, true);
        }
        let call = json!({"object": product.object(),
            "entry": [{"id": ACCOUNT, "time": chrono::Utc::now().timestamp_millis(), "messaging": happened}]});
        let body = call.to_string().into_bytes();
        let post = engine.http.post(engine.url(&format!("/webhook/{channel}")));
        let post = post.header("x-hub-signature-256", signature(APP_SECRET, &body)).body(body);
        assert_eq!(post.send().await.unwrap().status(), 200, "{call}");
    }

    /// The address of a file, which is served while it has not expired.
    pub fn file(&self) -> String {
        format!("{}/files/picture.jpg", self.platform.address)
    }
}

impl Account {
    pub fn usual(&self) -> impl FnMut(&Call) -> Answer + Send + 'static {
        let account = self.clone();
        move |call| account.answer(call)
    }

    pub fn window(&self, contact: &str, open: bool) {
        self.1.lock().unwrap().open.insert(contact.to_owned(), open);
    }

    pub fn takes(&self, sends: usize, within: Duration) {
        self.1.lock().unwrap().bucket = Some((sends, within));
    }

    pub fn takes_only(&self, token: &'static str) {
        self.1.lock().unwrap().token = token;
    }

    /// What it accepted, in the order in which it did.
    pub fn accepted(&self) -> Vec<Value> {
        self.1.lock().unwrap().accepted.clone()
    }

    pub fn answer(&self, call: &Call) -> Answer {
        let path = call.path.split('?').next().unwrap();
        if path == "/files/picture.jpg" {
            return Answer::Bytes(200, vec![("content-type".to_owned(), "image/jpeg".to_owned())], PICTURE.to_vec());
        }
        let mut state = self.1.lock().unwrap();
        if call.header("authorization") != Some(&format!("Bearer {}", state.token)) {
            return refusal(401, "Error validating access token", 190, Some(460));
        }
        match (call.method.as_str(), path.rsplit('/').next()) {
            ("POST", Some("messages")) => state.take(self.0, &call.json()),
            ("GET", Some(ANA)) => Answer::Json(200, json!({"id": ANA, "name": "Ana Lima"})),
            ("GET" | "POST", _) => Answer::Json(200, json!({"id": ACCOUNT, "name": "Acme", "success": true})),
            _ => refusal(400, "Unsupported request", 100, None),
        }
    }
}

impl State {
    fn take(&mut self, product: Product, body: &Value) -> Answer {
        let contact = body["recipient"]["id"].as_str().unwrap();
        let (outside, too_many) = product.subcodes();
        if body.get("sender_action").is_some() {
            return Answer::Json(200, json!({"recipient_id": contact}));
        }
        if !self.open.get(contact).is_some_and(|open| *open) {
            return refusal(400, "(#10) This message is sent outside of allowed window.", 10, outside);
        }
        if let Some((most, within)) = self.bucket {
            self.taken.retain(|taken| taken.elapsed() < within);
            if self.taken.len() == most {
                return refusal(400, "(#613) Calls to this api have exceeded the rate limit.", 613, too_many);
            }
        }
        self.taken.push(Instant::now());
        self.accepted.push(body.clone());
        Answer::Json(200, json!({"recipient_id": contact, "message_id": mid(self.accepted.len())}))
    }
}

fn refusal(status: u16, message: &str, code: u32, subcode: Option<u32>) -> Answer {
    let mut error = json!({"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "BLBz/WZt8dN"});
    if let Some(subcode) = subcode {
        error["error_subcode"] = subcode.into();
    }
    Answer::Json(status, json!({"error": error}))
}

/// The identifier of what was accepted as the first, the second and so on.
pub fn mid(number: usize) -> String {
    format!("m_sent{number}")
}

/// What Ana wrote.
pub fn written(id: &str, fields: Value) -> Value {
    let mut message = json!({"mid": id});
    message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    from_ana(json!({"message": message}))
}

/// That Ana has read: up to a time on Messenger, one message on Instagram.
pub fn read(product: Product, id: &str) -> Value {
    match product {
        Product::Messenger => from_ana(json!({"read": {"watermark": now() + 1000}})),
        Product::Instagram => from_ana(json!({"read": {"mid": id}})),
    }
}

/// Our own message, as the platform tells of all that is written.
pub fn echo(id: &str, sent: &Value) -> Value {
    let mut message = sent["message"].clone();
    message.as_object_mut().unwrap().extend([("mid".to_owned(), id.into()), ("is_echo".to_owned(), true.into())]);
    json!({"sender": {"id": ACCOUNT}, "recipient": {"id": ANA}, "timestamp": now(), "message": message})
}

fn from_ana(fields: Value) -> Value {
    let mut event = json!({"sender": {"id": ANA}, "recipient": {"id": ACCOUNT}, "timestamp": now()});
    event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    event
}

fn now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}
