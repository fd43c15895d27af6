//! From a command to requests, and from their answers to an outcome. Every command that takes more than one request
//! keeps its place in the request's state.

mod answer;
mod api;
mod choices;
mod code;
mod compose;
mod contacts;
mod file;
mod media;
mod poll;
mod profile;
mod receipt;
mod recipient;
mod registration;
mod round;
mod send;
mod session;
mod touch;

use answer::Effect;
use api::Api;
use patchbay_plugin_sdk::{Channel, Command, Failure, Outcome, Response, Step, Timestamp, TransportError};

pub fn perform(channel: &Channel, command: &Command, now: Timestamp) -> Result<Step, Failure> {
    let api = Api::new(channel)?;
    match command {
        Command::Send(outgoing) => send::begin(&api, outgoing),
        Command::React(reaction) => touch::react(&api, reaction, touch::Author::Contact),
        Command::Edit(edit) => touch::edit(&api, edit),
        Command::Delete(message) => touch::delete(&api, message),
        Command::MarkRead(messages) => receipt::mark_read(&api, messages, 0),
        Command::SetTyping(signal) => receipt::typing(&api, signal),
        Command::TestConnection | Command::SessionStatus => Ok(session::ask(&api)),
        Command::RegisterWebhook => registration::begin(&api),
        Command::FetchMedia(url) => media::download(&api, url),
        Command::FetchProfile(id) => profile::begin(&api, id),
        Command::ListContacts(cursor) => Ok(contacts::page(&api, cursor.as_deref())),
        Command::Poll(cursor) => poll::begin(&api, cursor.as_deref(), now),
        Command::SessionStart => Ok(session::change(&api, "start")),
        Command::SessionStop => Ok(session::change(&api, "stop")),
        Command::SessionRestart => Ok(session::change(&api, "restart")),
        Command::SessionLogout => Ok(session::change(&api, "logout")),
        Command::Qr => Ok(code::qr(&api)),
        Command::PairingCode(phone) => code::pairing(&api, phone),
        Command::ListTemplates | Command::SubmitTemplate(_) => Err(Failure::unsupported_command(command)),
    }
}

pub fn resume(
    channel: &Channel,
    command: &Command,
    state: &[u8],
    response: Result<Response, TransportError>,
    now: Timestamp,
) -> Result<Step, Failure> {
    let api = Api::new(channel)?;
    match command {
        Command::Send(outgoing) => send::resume(&api, outgoing, state, response),
        Command::React(reaction) => touch::reacted(&api, reaction, state, response),
        Command::MarkRead(messages) => receipt::resume(&api, messages, state, response),
        Command::Edit(_) | Command::Delete(_) | Command::SetTyping(_) => {
            answer::success(Effect::Changes, response)?;
            Ok(Outcome::Ok.into())
        }
        Command::TestConnection => session::tested(response),
        Command::FetchMedia(_) => media::saved(response),
        Command::FetchProfile(id) => profile::resume(&api, id, state, response),
        Command::ListContacts(cursor) => contacts::listed(cursor.as_deref(), response),
        Command::Poll(_) => poll::resume(&api, state, response, now),
        Command::SessionStart => session::started(&api, channel, state, response),
        Command::SessionStop | Command::SessionRestart | Command::SessionLogout => session::told(response),
        Command::SessionStatus => session::asked(response),
        Command::Qr => code::shown(response),
        Command::PairingCode(_) => code::paired(response),
        Command::RegisterWebhook => registration::resume(&api, channel, state, response),
        Command::ListTemplates | Command::SubmitTemplate(_) => Err(Failure::unsupported_command(command)),
    }
}
