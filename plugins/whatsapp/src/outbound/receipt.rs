//! Marking as read, and typing, which marks as read too.

use super::{Api, answer};
use patchbay_plugin_meta::Effect;
use patchbay_plugin_sdk::{Failure, MessageRef, Outcome, Request, Response, Step, TransportError, TypingSignal};
use serde_json::{Map, Value, json};

/// Marks the last message of each thread: what came before it counts as read with it. `done` threads are marked.
pub fn mark_read(api: &Api, messages: &[MessageRef], done: usize) -> Step {
    match last_of_threads(messages).get(done) {
        Some(message) => read(api, &message.id, Map::new()).state(done.to_string()).into(),
        None => Outcome::Ok.into(),
    }
}

pub fn resume(
    api: &Api,
    messages: &[MessageRef],
    state: &[u8],
    response: Result<Response, TransportError>,
) -> Result<Step, Failure> {
    answer::success(Effect::Repeatable, response)?;
    let done: Option<usize> = std::str::from_utf8(state).ok().and_then(|text| text.parse().ok());
    let done = done.ok_or_else(|| Failure::temporary("the state of the command cannot be read"))?;
    Ok(mark_read(api, messages, done + 1))
}

fn last_of_threads(messages: &[MessageRef]) -> Vec<&MessageRef> {
    let mut last: Vec<&MessageRef> = Vec::new();
    for message in messages {
        last.retain(|earlier| earlier.thread != message.thread);
        last.push(message);
    }
    last
}

/// Typing ends by itself, with the answer or after 25 seconds.
pub fn typing(api: &Api, signal: &TypingSignal) -> Result<Step, Failure> {
    if !signal.on {
        return Ok(Outcome::Ok.into());
    }
    let Some(message) = &signal.last_message else {
        return Err(Failure::rejected("WhatsApp shows typing only in answer to a contact's message"));
    };
    let indicator = Map::from_iter([("typing_indicator".to_owned(), json!({"type": "text"}))]);
    Ok(read(api, message, indicator).into())
}

fn read(api: &Api, message: &str, more: Map<String, Value>) -> Request {
    let mut fields = Map::from_iter([("status".to_owned(), json!("read")), ("message_id".to_owned(), json!(message))]);
    fields.extend(more);
    api.messages(fields).idempotent()
}
