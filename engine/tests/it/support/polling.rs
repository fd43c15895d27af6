//! A client of Socket.IO by requests, each of which a test makes by itself.

use std::time::Duration;

use serde_json::{Value, json};

use super::{api::Person, engine::Engine, inbox::text, wait::until};

pub struct Raw {
    http: reqwest::Client,
    url: String,
}

impl Raw {
    pub async fn open(engine: &Engine) -> Self {
        let url = engine.url("/socket.io/?EIO=4&transport=polling");
        let about = engine.http.get(&url).send().await.unwrap().text().await.unwrap();
        let about: Value = serde_json::from_str(about.strip_prefix('0').unwrap()).unwrap();
        assert_eq!((&about["upgrades"], &about["maxPayload"]), (&json!(["websocket"]), &json!(65_536)));
        assert_eq!(about["pingInterval"], about["pingTimeout"]);
        Self { http: engine.http.clone(), url: format!("{url}&sid={}", text(&about, "sid")) }
    }

    pub async fn connected(engine: &Engine, person: &Person) -> Self {
        let raw = Self::open(engine).await;
        assert_eq!(raw.push(format!("40{}", json!({"token": person.token}))).await, (200, "ok".to_owned()));
        let mut told = String::new();
        // The last that it is told without anything happening.
        while !told.contains("42[\"connected\"") {
            let (status, body) = raw.poll().await;
            assert_eq!(status, 200, "{body}");
            told.push_str(&body);
        }
        assert!(told.starts_with("40{"), "{told}");
        raw
    }

    pub async fn poll(&self) -> (u16, String) {
        let answer = self.http.get(&self.url).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub async fn push(&self, body: String) -> (u16, String) {
        let answer = self.http.post(&self.url).body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// The status once the session is over.
    pub async fn closed(&self) -> u16 {
        until("the session to be over", Duration::from_secs(10), || async {
            let (status, _) = self.poll().await;
            (status != 200).then_some(status)
        })
        .await
    }
}
