//! Webhooks as Meta sends them, signed.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::platform::{Answer, Call};

pub const APP_SECRET: &str = "an app secret of a test";
pub const PHONE_NUMBER_ID: &str = "106540352242922";

pub fn config(api: &str) -> Value {
    json!({
        "phoneNumberId": PHONE_NUMBER_ID,
        "businessAccountId": "419561257915477",
        "accessToken": "a token of a test",
        "appSecret": APP_SECRET,
        "webhookVerifyToken": "a verify token of a test",
        "apiVersion": "v24.0",
        "apiBaseUrl": api,
    })
}

pub fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// Accepts everything under an identifier that says which message it was.
pub fn accept() -> impl FnMut(&Call) -> Answer + Send + 'static {
    |call| accepted(call)
}

pub fn accepted(call: &Call) -> Answer {
    if call.method == "GET" {
        return Answer::Json(200, json!({"display_phone_number": "+1 555", "verified_name": "Acme"}));
    }
    let body = call.json();
    let id = body["biz_opaque_callback_data"].as_str().unwrap_or("none").to_owned();
    Answer::Json(200, json!({"messaging_product": "whatsapp", "messages": [{"id": format!("wamid.{id}")}]}))
}

/// A refusal with one of the platform's codes.
pub fn refused(status: u16, code: i64) -> Answer {
    Answer::Json(status, json!({"error": {"message": "refused by the test", "type": "OAuthException", "code": code}}))
}

pub fn text(contact: &str, id: &str, seconds: i64, body: &str) -> Value {
    json!({"from": contact, "id": id, "timestamp": seconds.to_string(), "type": "text", "text": {"body": body}})
}

pub fn status(id: &str, contact: &str, seconds: i64, state: &str) -> Value {
    json!({"id": id, "status": state, "timestamp": seconds.to_string(), "recipient_id": contact})
}

/// One call with messages and statuses of the test's number.
pub fn webhook(messages: &[Value], statuses: &[Value]) -> Vec<u8> {
    let contacts: Vec<Value> = messages
        .iter()
        .map(|message| json!({"profile": {"name": format!("Contact {}", message["from"].as_str().unwrap())}, "wa_id": message["from"]}))
        .collect();
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": PHONE_NUMBER_ID},
    });
    if !messages.is_empty() {
        value["contacts"] = contacts.into();
        value["messages"] = messages.into();
    }
    if !statuses.is_empty() {
        value["statuses"] = statuses.into();
    }
    let call = json!({
        "object": "whatsapp_business_account",
        "entry": [{"id": "419561257915477", "changes": [{"field": "messages", "value": value}]}],
    });
    call.to_string().into_bytes()
}
