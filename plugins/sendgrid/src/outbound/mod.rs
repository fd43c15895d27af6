//! From a command to a request, and from its answer to an outcome. SendGrid has one call: send a mail.

mod answer;
mod compose;
mod envelope;
mod files;

use crate::identifiers;
use crate::settings::{API_KEY, Settings};
use patchbay_plugin_sdk::{
    Channel, Command, Failure, Outcome, Outgoing, Request, Response, Step, Timestamp, TransportError,
};
use serde_json::json;

/// What comes back in every event of a mail: the engine's identifier of it, whom it was for, and who sent it.
pub const CORRELATION: &str = "patchbay_message";
pub const RECIPIENT: &str = "patchbay_to";
pub const SENDER: &str = "patchbay_from";

pub fn perform(channel: &Channel, command: &Command, now: Timestamp) -> Result<Step, Failure> {
    let settings = channel.settings::<Settings>()?;
    let request = Request::post(settings.mail_send(channel)?).bearer(API_KEY);
    match command {
        Command::Send(outgoing) => {
            let mail = compose::mail(&settings, outgoing, now)?;
            Ok(files::attach(request, mail, outgoing)?.into())
        }
        // In the sandbox a mail is checked, key and sender with it, and not sent.
        Command::TestConnection => {
            let own = json!({"email": settings.sender()?});
            let mail = json!({
                "personalizations": [{"to": [own]}],
                "from": own,
                "subject": "Connection test",
                "content": [{"type": "text/plain", "value": "Connection test"}],
                "mail_settings": {"sandbox_mode": {"enable": true}},
            });
            Ok(request.json(&mail).idempotent().into())
        }
        other => Err(Failure::unsupported_command(other)),
    }
}

pub fn resume(
    channel: &Channel,
    command: &Command,
    response: Result<Response, TransportError>,
    now: Timestamp,
) -> Result<Step, Failure> {
    match command {
        Command::Send(outgoing) => {
            let settings = channel.settings::<Settings>()?;
            let own = own_id(&settings, outgoing)?;
            // Events name the mail by SendGrid's identifier, answers by the one in its header.
            Ok(Outcome::Sent(answer::sent(response, now)?.into_iter().chain([own]).collect()).into())
        }
        Command::TestConnection => {
            answer::checked(response, now)?;
            Ok(Outcome::Ok.into())
        }
        other => Err(Failure::unsupported_command(other)),
    }
}

fn own_id(settings: &Settings, outgoing: &Outgoing) -> Result<String, Failure> {
    Ok(identifiers::compose(&outgoing.id, &outgoing.thread, settings.sender()?))
}
