//! Marking as read, and typing: only the older calls know them for messages that are not encrypted.

use super::answer::Effect;
use super::api::Api;
use super::recipient::person;
use crate::snowflake;
use patchbay_plugin_sdk::{Failure, MessageRef, Outcome, Response, Step, TransportError, TypingSignal};

/// A call for each conversation, which takes its last message; `done` are marked.
pub fn mark_read(api: &Api<'_>, messages: &[MessageRef], done: usize) -> Result<Step, Failure> {
    let Some((thread, last)) = last_of_threads(messages).get(done).copied() else { return Ok(Outcome::Ok.into()) };
    let request = api.request("POST", "/1.1/direct_messages/mark_read.json").idempotent().state(done.to_string());
    Ok(api.signed(request.form([("last_read_event_id", last), ("recipient_id", thread)]))?.into())
}

pub fn resume(
    api: &Api<'_>,
    messages: &[MessageRef],
    state: &[u8],
    response: Result<Response, TransportError>,
) -> Result<Step, Failure> {
    Effect::Repeatable.success(response, api.now())?;
    let done: Option<usize> = std::str::from_utf8(state).ok().and_then(|text| text.parse().ok());
    let done = done.ok_or_else(|| Failure::temporary("the state of the command cannot be read"))?;
    mark_read(api, messages, done + 1)
}

/// Each person's latest message. Those of the encrypted system have other identifiers, and cannot be marked.
fn last_of_threads(messages: &[MessageRef]) -> Vec<(&str, &str)> {
    let mut last: Vec<(&str, &str)> = Vec::new();
    for MessageRef { thread, id } in messages {
        let (Some(thread), Some(number)) = (person(thread), snowflake::number(id)) else { continue };
        match last.iter_mut().find(|(known, _)| *known == thread) {
            None => last.push((thread, id)),
            Some((_, latest)) if snowflake::number(latest) < Some(number) => *latest = id,
            Some(_) => {}
        }
    }
    last
}

/// X shows it for some seconds, and knows no end of it.
pub fn typing(api: &Api<'_>, signal: &TypingSignal) -> Result<Step, Failure> {
    let Some(recipient) = person(&signal.thread).filter(|_| signal.on) else { return Ok(Outcome::Ok.into()) };
    let request = api.request("POST", "/1.1/direct_messages/indicate_typing.json").idempotent();
    Ok(api.signed(request.form([("recipient_id", recipient)]))?.into())
}
