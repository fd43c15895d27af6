//! The business dialect, as its clients call it, and a Cloud API that knows templates.

use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    api::Person,
    engine::Engine,
    platform::{Answer, Call, Platform},
    whatsapp,
};

impl Person {
    /// The status and the body of an answer of the business dialect, for a path such as `/contacts`.
    pub async fn business(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let (status, answer) = self.call_at(method, &format!("/api{path}"), body).await;
        assert_eq!(answer["success"], status < 400, "{path}: {status} {answer}");
        if status < 400 {
            for (name, value) in answer["data"].as_object().unwrap() {
                assert_eq!(&answer[name], value, "{path}: {name} stands beside the data as in it");
            }
        } else {
            assert!(answer["message"].is_string() && answer["message"] == answer["error"], "{path}: {answer}");
            assert!(answer["code"].is_string(), "{path}: {answer}");
        }
        (status, answer)
    }

    /// The data of what went well.
    pub async fn business_ok(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.business(method, path, body).await;
        assert!(status < 300, "{path}: {status} {answer}");
        answer["data"].clone()
    }

    /// A login of the business dialect.
    pub async fn business_token(&self) -> String {
        let me = self.call_at(Method::GET, "/api/auth/me", Value::Null).await.1;
        let body = json!({"email": me["data"]["username"], "password": "correct horse battery"});
        self.business_ok(Method::POST, "/auth/login", body).await["token"].as_str().unwrap().to_owned()
    }

    pub async fn business_get(&self, path: &str) -> Value {
        self.business_ok(Method::GET, path, Value::Null).await
    }
}

/// Meta's side: numbers, messages, and the templates of an account.
pub struct Cloud {
    pub platform: Platform,
    templates: Arc<Mutex<Vec<Value>>>,
}

impl Cloud {
    pub async fn start() -> Self {
        let templates = Arc::new(Mutex::new(Vec::new()));
        let known = Arc::clone(&templates);
        let platform = Platform::start(move |call| answer(&mut known.lock().unwrap(), call)).await;
        Self { platform, templates }
    }

    /// What an administrator enters in the settings.
    pub fn settings(&self) -> Value {
        let config = whatsapp::config(&self.platform.address);
        let token = config["webhookVerifyToken"].clone();
        json!({"whatsappConfig": config, "webhookConfig": {"verifyToken": token, "enabled": true}})
    }

    pub fn list(&self, templates: &[Value]) {
        *self.templates.lock().unwrap() = templates.to_vec();
    }

    pub fn listed(&self) -> Vec<Value> {
        self.templates.lock().unwrap().clone()
    }
}

fn answer(templates: &mut Vec<Value>, call: &Call) -> Answer {
    let path = call.path.split('?').next().unwrap_or_default();
    let done = || Answer::Json(200, json!({"success": true}));
    let known = |templates: &[Value]| {
        templates.iter().position(|template| path.ends_with(&format!("/{}", template["id"].as_str().unwrap())))
    };
    match (call.method.as_str(), path.ends_with("/message_templates")) {
        ("GET", true) => Answer::Json(200, json!({"data": templates})),
        ("DELETE", true) => {
            templates.retain(|template| !call.path.contains(&format!("hsm_id={}", template["id"].as_str().unwrap())));
            done()
        }
        (_, true) => {
            let mut template = call.json();
            if template["name"] == "refused" {
                return whatsapp::refused(400, 100);
            }
            template["id"] = json!(format!("7{}", templates.len()));
            template["status"] = json!("PENDING");
            templates.push(template.clone());
            Answer::Json(200, json!({"id": template["id"], "status": "PENDING", "category": template["category"]}))
        }
        ("POST", false) if known(templates).is_some() => {
            for (name, value) in call.json().as_object().unwrap() {
                let place = known(templates).unwrap();
                templates[place][name] = value.clone();
            }
            done()
        }
        ("GET", false) if call.header("authorization") == Some("Bearer a refused token") => whatsapp::refused(401, 190),
        _ => whatsapp::accepted(call),
    }
}

/// A webhook to the address that all numbers share, signed as the app does it.
pub async fn tell(engine: &Engine, secret: &str, body: &Value) -> (u16, String) {
    let body = body.to_string().into_bytes();
    let signature = whatsapp::signature(secret, &body);
    let call = engine.http.post(engine.url("/api/webhook")).header("X-Hub-Signature-256", signature).body(body);
    let answer = call.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}
