//! From a command to requests, and from their answers to an outcome.

mod answer;
mod compose;
mod extras;
mod file;
mod media;
mod profile;
mod send;
mod split;
mod window;

use super::Account;
use crate::Effect;
use patchbay_plugin_sdk::{
    Command, Failure, MessageRef, Outcome, OutgoingReaction, Request, Response, Step, Timestamp, TransportError,
    TypingSignal,
};
use serde_json::{Map, Value, json};

pub use split::split;
pub use window::{DAY_MS, HUMAN_AGENT_MS};

impl Account {
    /// What the account is asked to send or to show.
    fn messages(&self, body: Map<String, Value>) -> Request {
        self.graph.post([&self.node, "messages"]).json(&Value::Object(body))
    }
}

fn act(contact: &str, action: &str) -> Map<String, Value> {
    let mut body = recipient(contact);
    body.insert("sender_action".to_owned(), json!(action));
    body
}

fn recipient(contact: &str) -> Map<String, Value> {
    Map::from_iter([("recipient".to_owned(), json!({"id": contact}))])
}

pub fn perform(account: &Account, command: &Command, now: Timestamp) -> Result<Step, Failure> {
    match command {
        Command::Send(outgoing) => send::begin(account, outgoing, now),
        Command::React(reaction) if account.product.reacts => Ok(react(account, reaction).into()),
        Command::MarkRead(messages) => Ok(mark_read(account, messages, 0)),
        Command::SetTyping(signal) => Ok(typing(account, signal).into()),
        Command::TestConnection => Ok(account.graph.get([&account.node]).query("fields", "id").into()),
        Command::RegisterWebhook => {
            let request = account.graph.post([&account.node, "subscribed_apps"]);
            Ok(request.query("subscribed_fields", account.subscribed_fields).idempotent().into())
        }
        Command::FetchMedia(url) => media::download(account, url),
        Command::FetchProfile(id) => Ok(account.graph.get([id]).query("fields", account.product.profile_fields).into()),
        other => Err(Failure::unsupported_command(other)),
    }
}

pub fn resume(
    account: &Account,
    command: &Command,
    state: &[u8],
    response: Result<Response, TransportError>,
) -> Result<Step, Failure> {
    match command {
        Command::Send(outgoing) => send::resume(account, outgoing, state, response),
        Command::MarkRead(messages) => {
            answer::success(Effect::Repeatable, response)?;
            let done: Option<usize> = std::str::from_utf8(state).ok().and_then(|text| text.parse().ok());
            let done = done.ok_or_else(|| Failure::temporary("the state of the command cannot be read"))?;
            Ok(mark_read(account, messages, done + 1))
        }
        Command::FetchMedia(_) => media::saved(response),
        Command::FetchProfile(id) => profile::read(id, response),
        Command::React(_) | Command::SetTyping(_) | Command::TestConnection | Command::RegisterWebhook => {
            answer::success(Effect::Repeatable, response)?;
            Ok(Outcome::Ok.into())
        }
        other => Err(Failure::unsupported_command(other)),
    }
}

/// A reaction replaces the one before, so it may be sent twice. None takes it back.
fn react(account: &Account, reaction: &OutgoingReaction) -> Request {
    let action = if reaction.emoji.is_some() { "react" } else { "unreact" };
    let mut payload = Map::from_iter([("message_id".to_owned(), json!(reaction.message.id))]);
    payload.extend(reaction.emoji.as_ref().map(|emoji| ("reaction".to_owned(), json!(emoji))));
    let mut body = act(&reaction.message.thread, action);
    body.insert("payload".to_owned(), Value::Object(payload));
    account.messages(body).idempotent()
}

/// A conversation is marked whole. `done` of them are.
fn mark_read(account: &Account, messages: &[MessageRef], done: usize) -> Step {
    let mut threads: Vec<&str> = Vec::new();
    for message in messages {
        if !threads.contains(&message.thread.as_str()) {
            threads.push(&message.thread);
        }
    }
    match threads.get(done) {
        Some(thread) => account.messages(act(thread, "mark_seen")).idempotent().state(done.to_string()).into(),
        None => Outcome::Ok.into(),
    }
}

fn typing(account: &Account, signal: &TypingSignal) -> Request {
    let action = if signal.on { "typing_on" } else { "typing_off" };
    account.messages(act(&signal.thread, action)).idempotent()
}
