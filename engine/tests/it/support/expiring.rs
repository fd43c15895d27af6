//! A platform whose access tokens expire, with the server that renews them: which tokens are good, and what was asked.

use std::sync::{Arc, Mutex};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{
    engine::{Engine, Settings, guests},
    mock,
    platform::{Answer, Call, Platform},
    size::Size,
};

pub const CLIENT_SECRET: &str = "what the client proves itself with";

pub struct Server {
    pub platform: Platform,
    pub tokens: Tokens,
}

#[derive(Clone)]
pub struct Tokens(Arc<Mutex<State>>);

struct State {
    issued: usize,
    lifetime: Option<u64>,
    /// An old refresh token is still good once it was answered with a new one.
    is_lenient: bool,
}

impl Server {
    pub async fn start() -> Self {
        let tokens = Tokens(Arc::new(Mutex::new(State { issued: 0, lifetime: None, is_lenient: false })));
        let platform = Platform::start(tokens.usual()).await;
        Self { platform, tokens }
    }

    /// What a person enters whose access token has expired meanwhile.
    pub fn config(&self) -> Value {
        let mut config = self.config_without_renewal();
        config["refreshToken"] = refresh_token(0).into();
        config
    }

    pub fn config_without_renewal(&self) -> Value {
        json!({"apiBaseUrl": self.platform.address, "clientId": "a client", "clientSecret": CLIENT_SECRET,
            "accessToken": "a token that has expired", "limits": []})
    }

    pub fn renewals(&self) -> usize {
        self.calls("/oauth2/token").len()
    }

    pub fn calls(&self, path: &str) -> Vec<Call> {
        self.platform.calls().into_iter().filter(|call| call.path == path).collect()
    }
}

impl Tokens {
    /// What is good now is good no more: only a new token is.
    pub fn revoke(&self) {
        self.0.lock().unwrap().issued += 1;
    }

    pub fn live(&self, seconds: u64) {
        self.0.lock().unwrap().lifetime = Some(seconds);
    }

    pub fn are_lenient(&self) {
        self.0.lock().unwrap().is_lenient = true;
    }

    pub fn usual(&self) -> impl FnMut(&Call) -> Answer + Send + 'static {
        let tokens = self.clone();
        move |call| tokens.answer(call)
    }

    pub fn answer(&self, call: &Call) -> Answer {
        let mut state = self.0.lock().unwrap();
        if call.path == "/oauth2/token" {
            return state.renew(call);
        }
        let good =
            state.issued > 0 && call.header("authorization") == Some(&format!("Bearer {}", access_token(state.issued)));
        match call.path.as_str() {
            _ if !good => Answer::Json(401, json!({"error": "expired"})),
            "/messages" => Answer::Json(200, json!({"id": format!("sent {}", call.json()["text"])})),
            "/files/1" => Answer::Bytes(200, vec![("content-type".into(), "image/png".into())], vec![1, 2, 3]),
            path if path.starts_with("/people/") => Answer::Json(200, json!({"name": "Ana"})),
            _ => Answer::Json(200, json!({})),
        }
    }
}

impl State {
    fn renew(&mut self, call: &Call) -> Answer {
        let client = BASE64_STANDARD.encode(format!("a client:{CLIENT_SECRET}"));
        if call.header("authorization") != Some(&format!("Basic {client}")) {
            return Answer::Json(401, json!({"error": "invalid_client"}));
        }
        let form: Vec<(String, String)> = form_urlencoded::parse(&call.body).into_owned().collect();
        let given = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        assert_eq!(given("grant_type"), Some("refresh_token"), "{form:?}");
        let last = given("refresh_token") == Some(&refresh_token(self.issued));
        let before =
            self.is_lenient && self.issued > 0 && given("refresh_token") == Some(&refresh_token(self.issued - 1));
        if !(last || before) {
            return Answer::Json(400, json!({"error": "invalid_grant", "error_description": "It was used before."}));
        }
        self.issued += 1;
        Answer::Json(
            200,
            json!({"access_token": access_token(self.issued), "refresh_token": refresh_token(self.issued),
                "token_type": "bearer", "expires_in": self.lifetime}),
        )
    }
}

pub fn access_token(number: usize) -> String {
    format!("access token number {number}")
}

pub fn refresh_token(number: usize) -> String {
    format!("refresh token number {number}")
}

pub async fn engine(size: Size, settings: Settings) -> Engine {
    Engine::start_with(size, Settings { plugins: Some(guests()), ..settings }).await
}

/// Somebody writes who need not be asked about.
pub async fn write(engine: &Engine, channel: &str, id: &str) {
    let from = format!("contact of {id}");
    mock::post(engine, channel, &json!({"id": id, "from": from, "text": "hello", "name": "Ana"})).await;
}

/// Somebody writes of whom nothing is known.
pub async fn write_unknown(engine: &Engine, channel: &str, id: &str) {
    mock::post(engine, channel, &json!({"id": id, "from": format!("contact of {id}"), "text": "hello"})).await;
}

/// Somebody sends a file, which is to be fetched.
pub async fn write_file(engine: &Engine, channel: &str, id: &str) {
    let from = format!("contact of {id}");
    mock::post(engine, channel, &json!({"id": id, "from": from, "text": "see", "name": "Ana", "file": "1"})).await;
}
