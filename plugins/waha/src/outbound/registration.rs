//! Telling WAHA where the channel's webhook is. It stands in the session's configuration, which is written as a whole
//! and begins the session anew: so it is read first, written only where the webhook is missing or another, and what
//! else it holds stays.

use super::answer::{self, Effect};
use super::api::Api;
use crate::settings::HMAC_KEY;
use crate::wire::{at, items, text, text_at};
use patchbay_plugin_sdk::{Channel, Chunk, Failure, Outcome, Request, Response, Step, TransportError, host};
use serde_json::{Map, Value, json};

/// What this connector understands. `message.any` tells what arrives as well as what is written on the phone.
const EVENTS: [&str; 9] = [
    "message.any",
    "message.ack",
    "message.ack.group",
    "message.reaction",
    "message.edited",
    "message.revoked",
    "poll.vote",
    "presence.update",
    "session.status",
];
const EVERY_EVENT: &str = "*";
/// How often WAHA calls again where it is not answered: for some hours.
const CALLS: u32 = 15;

/// In the request's state, that the configuration was written; before, it is read.
const WRITTEN: &[u8] = b"written";
/// A session that is not ready for it will be.
const WAITS: Effect = Effect::Reads;

pub fn begin(api: &Api) -> Result<Step, Failure> {
    if !host::configured(HMAC_KEY) {
        return Err(Failure::rejected("no webhook is accepted without its signature: the channel needs an hmacKey"));
    }
    Ok(api.get(&api.session_itself("")).into())
}

pub fn resume(
    api: &Api,
    channel: &Channel,
    state: &[u8],
    response: Result<Response, TransportError>,
) -> Result<Step, Failure> {
    if state == WRITTEN {
        answer::success(WAITS, response)?;
        return Ok(Outcome::Ok.into());
    }
    if response.as_ref().is_ok_and(|response| response.status == 404) {
        return Err(Failure::temporary("WAHA does not know the session yet: it is made when it is started"));
    }
    let answer = answer::json(WAITS, response)?;
    let config = at(&answer, &["config"]);
    let known = items(config, "webhooks");
    if known.iter().any(|webhook| is_good(webhook, channel)) {
        return Ok(Outcome::Ok.into());
    }
    let others = known.iter().filter(|webhook| !is_ours(webhook, channel)).cloned();
    let mut config = set(config);
    config.insert("webhooks".to_owned(), others.chain([webhook(channel)]).collect());
    let request = api.request("PUT", &api.session_itself("")).idempotent();
    Ok(with_key(request, &json!({"config": config}))?.state(WRITTEN).into())
}

/// The channel's webhook as a session's configuration has it.
pub fn webhook(channel: &Channel) -> Value {
    json!({
        "url": channel.webhook_url,
        "events": EVENTS,
        "hmac": {"key": host::REDACTED},
        "retries": {"policy": "exponential", "delaySeconds": 2, "attempts": CALLS},
    })
}

/// The body with the key in the place where webhooks have theirs. What is known only by its place, because WAHA keeps
/// another of the channel's secrets there, cannot be written back.
pub fn with_key(request: Request, body: &Value) -> Result<Request, Failure> {
    let hidden = Value::from(host::REDACTED).to_string();
    let place = format!("\"hmac\":{{\"key\":{hidden}}}");
    let written = body.to_string();
    if written.matches(host::REDACTED).count() != written.matches(&place).count() {
        return Err(Failure::rejected(
            "the session's configuration holds a secret of this channel elsewhere than in a webhook's hmac.key: set the \
             session's webhook in WAHA",
        ));
    }
    let mut pieces = written.split(host::REDACTED);
    let Some(first) = pieces.next() else { return Ok(request) };
    let mut chunks = vec![Chunk::Bytes(first.as_bytes().to_vec())];
    for piece in pieces {
        chunks.extend([Chunk::secret(HMAC_KEY), Chunk::Bytes(piece.as_bytes().to_vec())]);
    }
    if chunks.len() == 1 { Ok(request.json(body)) } else { Ok(request.chunks("application/json", chunks)) }
}

fn is_ours(webhook: &Value, channel: &Channel) -> bool {
    text(webhook, "url") == Some(channel.webhook_url.as_str())
}

/// It has all that is wanted, and the key that the channel has.
fn is_good(webhook: &Value, channel: &Channel) -> bool {
    let events = items(webhook, "events");
    let has = |event: &str| events.iter().any(|known| known == event);
    let signed = text_at(webhook, &["hmac", "key"]) == Some(host::REDACTED);
    is_ours(webhook, channel) && signed && (has(EVERY_EVENT) || EVENTS.iter().all(|event| has(event)))
}

/// WAHA writes null for what is not set, and does not take it everywhere.
fn set(config: &Value) -> Map<String, Value> {
    let fields = config.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    fields.map(|(name, value)| (name.clone(), value.clone())).collect()
}
