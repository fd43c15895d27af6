//! From a command to requests, and from their answers to an outcome. Every command that takes more than one request
//! keeps its place in the request's state.

mod answer;
mod api;
mod poll;
mod round;
mod send;
mod setup;
mod touch;
mod whole;

use crate::lookup::Lookup;
pub use answer::CONFLICT;
use answer::Effect;
use api::Api;
use patchbay_plugin_sdk::{Channel, Command, Failure, Outcome, Response, Step, Timestamp, TransportError};

pub fn perform(channel: &Channel, command: &Command, now: Timestamp) -> Result<Step, Failure> {
    let api = Api::new(channel)?;
    match command {
        Command::Send(outgoing) => send::begin(&api, outgoing, now),
        Command::Edit(edit) => touch::edit(&api, edit),
        Command::Delete(message) => touch::delete(&api, message),
        Command::TestConnection => Ok(setup::test(&api)),
        Command::RegisterWebhook => setup::register(&api, channel),
        Command::Poll(cursor) => match cursor.as_deref().and_then(Lookup::of) {
            Some(lookup) => whole::begin(&api, &lookup),
            None => poll::begin(&api, cursor.as_deref(), now),
        },
        other => Err(Failure::unsupported_command(other)),
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
        Command::Send(outgoing) => send::resume(&api, outgoing, state, response, now),
        Command::Delete(_) if response.as_ref().is_ok_and(|response| response.status == 404) => Ok(Outcome::Ok.into()),
        Command::Edit(_) | Command::Delete(_) | Command::RegisterWebhook => {
            answer::success(Effect::Changes, response, now)?;
            Ok(Outcome::Ok.into())
        }
        Command::TestConnection => {
            answer::json(Effect::Reads, response, now)?;
            Ok(Outcome::Ok.into())
        }
        Command::Poll(cursor) => match cursor.as_deref().and_then(Lookup::of) {
            Some(lookup) => whole::resume(&api, &lookup, response, now),
            None => poll::resume(&api, state, response, now),
        },
        other => Err(Failure::unsupported_command(other)),
    }
}
