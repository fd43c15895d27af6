//! From a command to requests, and from their answers to an outcome. Every command that takes more than one request
//! keeps its place in the request's state.

mod answer;
mod api;
mod compose;
mod file;
mod find;
mod media;
mod pace;
mod poll;
mod profile;
mod receipt;
mod recipient;
mod send;
mod touch;
mod upload;
mod webhook;

use api::Api;
use patchbay_plugin_sdk::{Channel, Command, Failure, Response, Step, Timestamp, TransportError};

pub fn perform(channel: &Channel, command: &Command, now: Timestamp) -> Result<Step, Failure> {
    let api = Api::new(channel, now, what_for(command))?;
    match command {
        Command::Send(outgoing) => send::begin(&api, outgoing),
        Command::Delete(message) => touch::delete(&api, message),
        Command::MarkRead(messages) => receipt::mark_read(&api, messages, 0),
        Command::SetTyping(signal) => receipt::typing(&api, signal),
        Command::TestConnection => touch::who_am_i(&api),
        Command::RegisterWebhook => webhook::begin(&api),
        Command::FetchMedia(url) => media::download(&api, url),
        Command::FetchProfile(id) => profile::ask(&api, id),
        Command::Poll(cursor) => poll::begin(&api, cursor.as_deref()),
        _ => Err(Failure::unsupported_command(command)),
    }
}

pub fn resume(
    channel: &Channel,
    command: &Command,
    state: &[u8],
    response: Result<Response, TransportError>,
    now: Timestamp,
) -> Result<Step, Failure> {
    let api = Api::new(channel, now, what_for(command))?;
    match command {
        Command::Send(outgoing) => send::resume(&api, outgoing, state, response),
        Command::MarkRead(messages) => receipt::resume(&api, messages, state, response),
        Command::Delete(_) | Command::SetTyping(_) => touch::done(&api, response),
        Command::TestConnection => touch::is_the_account(&api, response),
        Command::RegisterWebhook => webhook::resume(&api, state, response),
        Command::FetchMedia(url) => media::saved(&api, url, state, response),
        Command::FetchProfile(id) => profile::told(&api, id, response),
        Command::Poll(_) => poll::resume(&api, state, response),
        _ => Err(Failure::unsupported_command(command)),
    }
}

/// What tells this command from another one of the same moment.
fn what_for(command: &Command) -> String {
    match command {
        Command::Send(outgoing) => outgoing.id.clone(),
        other => other.name().to_owned(),
    }
}
