//! A person of an organisation at the helpdesk dialect.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{engine::Engine, wait::until};

pub struct Person {
    pub id: String,
    pub organisation: String,
    pub token: String,
    address: String,
    http: reqwest::Client,
}

impl Person {
    /// A new organisation and its first user.
    pub async fn sign_up(engine: &Engine) -> Self {
        let answer = engine
            .http
            .post(engine.url("/auth/signup"))
            .json(&json!({
                "orgName": "Acme",
                "name": "Ada",
                "email": format!("ada-{}@example.com", Uuid::new_v4().simple()),
                "password": "correct horse battery",
            }))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 201);
        let answer: Value = answer.json().await.unwrap();
        Self {
            id: answer["user"]["id"].as_str().unwrap().to_owned(),
            organisation: answer["user"]["orgId"].as_str().unwrap().to_owned(),
            token: answer["accessToken"].as_str().unwrap().to_owned(),
            address: engine.address.clone(),
            http: engine.http.clone(),
        }
    }

    /// Somebody else of the same organisation, by invitation.
    pub async fn colleague(&self, name: &str, role: &str) -> Self {
        let email = format!("{}-{}@example.com", name.to_lowercase(), Uuid::new_v4().simple());
        let invite = self.post("/users/invites", json!({"email": email, "role": role})).await;
        let body = json!({"token": invite["token"], "name": name, "password": "correct horse battery"});
        let call = self.http.post(format!("{}/auth/accept-invite", self.address)).json(&body);
        let answer = call.send().await.unwrap();
        assert_eq!(answer.status(), 201);
        let answer: Value = answer.json().await.unwrap();
        Self {
            id: answer["user"]["id"].as_str().unwrap().to_owned(),
            organisation: self.organisation.clone(),
            token: answer["accessToken"].as_str().unwrap().to_owned(),
            address: self.address.clone(),
            http: self.http.clone(),
        }
    }

    /// Whoever has this token, of the same organisation.
    pub fn as_somebody_with(&self, token: &str) -> Self {
        Self {
            id: String::new(),
            organisation: self.organisation.clone(),
            token: token.to_owned(),
            address: self.address.clone(),
            http: self.http.clone(),
        }
    }

    /// A request below the organisation, such as `/tickets`.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}/orgs/{}{path}", self.address, self.organisation)).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.request(Method::GET, path).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "GET {path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// What is there once it is as wanted.
    pub async fn waiting(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        until(&format!("{path} to be as wanted"), Duration::from_secs(30), || async {
            Some(self.get(path).await).filter(|found| wanted(found))
        })
        .await
    }

    /// The same for a path that does not begin with the organisation.
    pub async fn waiting_at(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        until(&format!("{path} to be as wanted"), Duration::from_secs(30), || async {
            Some(self.call_at(Method::GET, path, Value::Null).await.1).filter(|found| wanted(found))
        })
        .await
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.request(Method::POST, path).json(&body).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "POST {path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// The only ticket of a channel, once there is one.
    pub async fn ticket(&self, channel: &str) -> String {
        let path = format!("/tickets?channelId={channel}");
        until("a ticket", Duration::from_secs(30), || async {
            self.get(&path).await[0]["id"].as_str().map(str::to_owned)
        })
        .await
    }

    /// An answer on a ticket, of which the id is answered.
    pub async fn answer(&self, ticket: &str, text: &str) -> String {
        let message = self.post(&format!("/tickets/{ticket}/messages"), json!({"content": text})).await;
        message["id"].as_str().unwrap().to_owned()
    }

    /// Waits until a message of a ticket has this status.
    pub async fn told_of(&self, ticket: &str, message: &str, status: &str) {
        self.waiting(&format!("/tickets/{ticket}/messages"), |messages| {
            let is_so = |found: &Value| found["id"] == message && found["status"] == status;
            messages.as_array().unwrap().iter().any(is_so)
        })
        .await;
    }

    /// The status and the body of an answer, whatever it is.
    pub async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        Self::told(self.request(method, path).json(&body)).await
    }

    /// The same for a path that does not begin with the organisation.
    pub async fn call_at(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let call = self.http.request(method, format!("{}{path}", self.address)).bearer_auth(&self.token);
        Self::told(call.json(&body)).await
    }

    /// A form with a file.
    pub async fn uploads(&self, path: &str, form: reqwest::multipart::Form) -> (u16, Value) {
        let call = self.http.post(format!("{}{path}", self.address)).bearer_auth(&self.token);
        Self::told(call.multipart(form)).await
    }

    async fn told(call: RequestBuilder) -> (u16, Value) {
        let answer = call.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap())
    }

    /// The path of the organisation's macros, or of one.
    pub fn macros(&self, rest: &str) -> String {
        format!("/orgs/macros/{}{rest}", self.organisation)
    }

    /// A channel, of which the id is answered.
    pub async fn channel(&self, kind: &str, config: Value) -> String {
        let channel = self.post("/channels", json!({"type": kind, "name": kind, "config": config})).await;
        channel["id"].as_str().unwrap().to_owned()
    }
}
