//! Commands into requests, answers into outcomes. To perform another command, give it an arm in both functions.

use crate::wire::{Accepted, Posted};
use patchbay_plugin_sdk::{Channel, Command, Failure, Outcome, Outgoing, Request, Response, Step, TransportError};
use serde_json::json;

const API: &str = "https://api.{{name}}.example";

/// The first step of a command: a request, or the outcome.
pub fn perform(channel: &Channel, command: &Command) -> Result<Step, Failure> {
    match command {
        Command::Send(outgoing) => send(channel, outgoing),
        other => Err(Failure::unsupported_command(other)),
    }
}

/// The next step, once the request was answered. A lost answer is unknown: the message may have been sent.
pub fn resume(command: &Command, response: Result<Response, TransportError>) -> Result<Step, Failure> {
    match command {
        Command::Send(_) => sent(&response?),
        other => Err(Failure::unsupported_command(other)),
    }
}

fn send(channel: &Channel, outgoing: &Outgoing) -> Result<Step, Failure> {
    let Some(text) = &outgoing.content.text else { return Err(Failure::unsupported("only text can be sent")) };
    let url = format!("{}/messages", channel.api_base_url(API)?);
    Ok(Request::post(url).bearer("token").json(&json!(Posted { to: &outgoing.to.id, text })).into())
}

fn sent(response: &Response) -> Result<Step, Failure> {
    if !response.is_success() {
        return Err(Failure::from_status(response));
    }
    let Accepted { id } = response.json().map_err(Failure::unknown)?;
    Ok(Outcome::Sent(vec![id]).into())
}
