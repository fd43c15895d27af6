//! A person of an organisation at the helpdesk dialect.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{engine::Engine, wait::until};

pub struct Person {
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
            organisation: answer["user"]["orgId"].as_str().unwrap().to_owned(),
            token: answer["accessToken"].as_str().unwrap().to_owned(),
            address: engine.address.clone(),
            http: engine.http.clone(),
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

    /// The status and the body of an answer, whatever it is.
    pub async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let answer = self.request(method, path).json(&body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap())
    }

    /// A channel, of which the id is answered.
    pub async fn channel(&self, kind: &str, config: Value) -> String {
        let channel = self.post("/channels", json!({"type": kind, "name": kind, "config": config})).await;
        channel["id"].as_str().unwrap().to_owned()
    }
}
