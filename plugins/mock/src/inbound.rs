//! Webhooks into events.

use crate::wire::Item;
use patchbay_plugin_sdk::encoding;
use patchbay_plugin_sdk::host::{self, Algorithm};
use patchbay_plugin_sdk::{
    Acceptance, Content, DeliveryState, DeliveryStatus, Event, Failure, Message, Participant, Rejection, Reply,
    Timestamp, Webhook,
};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

pub fn accept(webhook: &Webhook) -> Result<Acceptance, Rejection> {
    let guarded = host::configured("secret");
    if guarded && !webhook.is_signed("X-Mock-Signature", "sha256=", Algorithm::Sha256, "secret") {
        return Err(Rejection::unauthentic("X-Mock-Signature is missing or not the HMAC of the body"));
    }
    webhook.json::<IgnoredAny>().map_err(Rejection::Malformed)?;
    Ok(Acceptance::Keep(Reply::json(&json!({"ok": true}))))
}

/// One item, or a list of them. One that cannot be read keeps its whole webhook aside.
pub fn parse(webhook: &Webhook) -> Result<Vec<Event>, String> {
    let items = match webhook.body.trim_ascii_start().first() {
        Some(b'[') => webhook.json::<Vec<Item>>()?,
        _ => vec![webhook.json::<Item>()?],
    };
    items.into_iter().enumerate().map(|(place, item)| event(item, webhook, place)).collect()
}

fn event(item: Item, webhook: &Webhook, place: usize) -> Result<Event, String> {
    let at = item.at.unwrap_or(webhook.received_at);
    if let Some(status) = item.status {
        return Ok(delivery(&status, required(item.message_id, "messageId")?, at, item.reason));
    }
    let id = item.message_id.filter(|id| !id.is_empty()).unwrap_or_else(|| derived(webhook, place));
    let phone = required(item.sender_phone, "senderPhone")?;
    let text = required(item.message, "message")?;
    let sender = Participant {
        name: item.sender_name,
        phone: is_e164(&phone).then(|| phone.clone()),
        ..Participant::new(phone)
    };
    let metadata = Value::Object(item.metadata).to_string();
    Ok(Event::Message(Message { metadata, ..Message::new(id, sender, at, Content::text(text)) }))
}

/// The same for the same webhook however often it is read, and another for a webhook that only says the same again.
fn derived(webhook: &Webhook, place: usize) -> String {
    let moment = webhook.received_at.to_be_bytes();
    let digest = host::digest(Algorithm::Sha256, &[&moment, webhook.body.as_slice()].concat());
    format!("{}-{place}", encoding::to_hex(&digest))
}

fn required(value: Option<String>, name: &str) -> Result<String, String> {
    value.filter(|value| !value.is_empty()).ok_or_else(|| format!("{name} is missing"))
}

fn is_e164(text: &str) -> bool {
    text.strip_prefix('+')
        .is_some_and(|digits| (7..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit()))
}

fn delivery(status: &str, id: String, at: Timestamp, reason: Option<String>) -> Event {
    let state = match status {
        "accepted" => DeliveryState::Accepted,
        "sent" => DeliveryState::Sent,
        "delivered" => DeliveryState::Delivered,
        "read" => DeliveryState::Read,
        "failed" => DeliveryState::Failed,
        unknown => return Event::ignored(format!("the status {unknown:?}")),
    };
    let failure = (state == DeliveryState::Failed)
        .then(|| Failure::rejected(reason.unwrap_or_else(|| "the mock platform did not say why".to_owned())));
    Event::Status(DeliveryStatus { failure, ..DeliveryStatus::new(id, state, at) })
}
