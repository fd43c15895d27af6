//! The mock platform: its webhooks, and where it is called back.

use serde_json::{Value, json};

use super::engine::Engine;

/// Settings under which messages are posted to this address.
pub fn config(callback: &str) -> Value {
    json!({"callbackUrl": callback})
}

pub fn text(contact: &str, id: &str, text: &str) -> Value {
    json!({"senderPhone": contact, "senderName": "Ana", "message": text, "messageId": id})
}

/// Calls a channel's webhook and answers the status.
pub async fn call(engine: &Engine, channel: &str, webhook: &Value) -> u16 {
    let call = engine.http.post(engine.url(&format!("/webhook/{channel}"))).json(webhook);
    call.send().await.unwrap().status().as_u16()
}

/// A webhook that has to be accepted.
pub async fn post(engine: &Engine, channel: &str, webhook: &Value) {
    assert_eq!(call(engine, channel, webhook).await, 200, "{webhook}");
}
