//! Commands into requests to the callback address.

use crate::wire::{Accepted, Posted, Settings};
use patchbay_plugin_sdk::{Channel, Command, Failure, Outcome, Outgoing, Request, Response, Step, TransportError};
use serde_json::json;

pub fn perform(channel: &Channel, command: &Command) -> Result<Step, Failure> {
    match command {
        Command::Send(outgoing) => send(channel, outgoing),
        Command::MarkRead(_) | Command::SetTyping(_) | Command::TestConnection => Ok(Outcome::Ok.into()),
        other => Err(Failure::unsupported_command(other)),
    }
}

pub fn resume(command: &Command, response: Result<Response, TransportError>) -> Result<Step, Failure> {
    match command {
        Command::Send(outgoing) => sent(outgoing, &response?),
        other => Err(Failure::unsupported_command(other)),
    }
}

fn send(channel: &Channel, outgoing: &Outgoing) -> Result<Step, Failure> {
    if outgoing.content.detail.is_some() {
        return Err(Failure::unsupported("the mock platform carries text and files only"));
    }
    let settings = channel.settings::<Settings>()?;
    let Some(callback_url) = &settings.callback_url else {
        return Ok(Outcome::Sent(vec![outgoing.id.clone()]).into());
    };
    let metadata = serde_json::from_str(&outgoing.metadata)
        .map_err(|error| Failure::rejected(format!("the message's metadata is not JSON: {error}")))?;
    Ok(Request::post(callback_url).json(&json!(Posted::new(outgoing, metadata))).into())
}

fn sent(outgoing: &Outgoing, response: &Response) -> Result<Step, Failure> {
    if !response.is_success() {
        return Err(Failure::from_status(response));
    }
    let id = response.json::<Accepted>().map_or_else(|_| outgoing.id.clone(), |accepted| accepted.message_id);
    Ok(Outcome::Sent(vec![id]).into())
}
