//! Marking as read, and typing.

use super::answer::{self, Effect};
use super::api::Api;
use super::recipient::chat;
use crate::address::in_full;
use patchbay_plugin_sdk::{Failure, MessageRef, Outcome, Response, Step, TransportError, TypingSignal};
use serde_json::json;

/// A call for each chat; `done` chats are marked.
pub fn mark_read(api: &Api, messages: &[MessageRef], done: usize) -> Result<Step, Failure> {
    let Some(thread) = threads(messages).get(done).copied() else { return Ok(Outcome::Ok.into()) };
    let chat = chat(thread)?;
    let mut body = json!({"session": api.session(), "chatId": chat.as_str()});
    // In a group, an identifier needs who wrote it: without identifiers, all of the chat is read.
    if let Some(fields) = body.as_object_mut().filter(|_| !chat.is_group()) {
        let of_thread = messages.iter().filter(|message| message.thread == thread);
        let ids: Vec<String> = of_thread.map(|message| in_full(false, &chat, &message.id, None)).collect();
        fields.insert("messageIds".to_owned(), json!(ids));
    }
    Ok(api.request("POST", "/api/sendSeen").json(&body).idempotent().state(done.to_string()).into())
}

pub fn resume(
    api: &Api,
    messages: &[MessageRef],
    state: &[u8],
    response: Result<Response, TransportError>,
) -> Result<Step, Failure> {
    answer::success(Effect::Changes, response)?;
    let done: Option<usize> = std::str::from_utf8(state).ok().and_then(|text| text.parse().ok());
    let done = done.ok_or_else(|| Failure::temporary("the state of the command cannot be read"))?;
    mark_read(api, messages, done + 1)
}

fn threads(messages: &[MessageRef]) -> Vec<&str> {
    let mut threads: Vec<&str> = Vec::new();
    for message in messages {
        if !threads.contains(&message.thread.as_str()) {
            threads.push(&message.thread);
        }
    }
    threads
}

pub fn typing(api: &Api, signal: &TypingSignal) -> Result<Step, Failure> {
    let body = json!({"session": api.session(), "chatId": chat(&signal.thread)?.as_str()});
    let call = if signal.on { "/api/startTyping" } else { "/api/stopTyping" };
    Ok(api.request("POST", call).json(&body).idempotent().into())
}
