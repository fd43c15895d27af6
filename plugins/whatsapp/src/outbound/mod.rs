//! From a command to requests, and from their answers to an outcome. Every command that takes more than one request
//! keeps its place in the request's state.

mod answer;
mod compose;
mod file;
mod interactive;
mod limits;
mod media;
mod receipt;
mod recipient;
mod send;
mod template;
mod templates;

use crate::settings::Settings;
use patchbay_plugin_meta::{Effect, Graph};
use patchbay_plugin_sdk::{Channel, Command, Failure, Outcome, Request, Response, Step, TransportError};
use serde_json::{Map, Value, json};
use std::rc::Rc;

/// A channel's way to its number.
struct Api {
    settings: Rc<Settings>,
    graph: Graph,
}

impl Api {
    fn new(channel: &Channel) -> Result<Self, Failure> {
        let settings = channel.settings::<Settings>()?;
        let graph = settings.graph(channel)?;
        Ok(Self { settings, graph })
    }

    /// What the number itself is asked to send or to mark.
    fn messages(&self, body: Map<String, Value>) -> Request {
        let mut message = Map::from_iter([("messaging_product".to_owned(), json!("whatsapp"))]);
        message.extend(body);
        self.graph.post([&self.settings.phone_number_id, "messages"]).json(&Value::Object(message))
    }
}

pub fn perform(channel: &Channel, command: &Command) -> Result<Step, Failure> {
    let api = Api::new(channel)?;
    match command {
        Command::Send(outgoing) => send::begin(&api, outgoing),
        Command::React(reaction) => Ok(send::react(&api, reaction)?.into()),
        Command::MarkRead(messages) => Ok(receipt::mark_read(&api, messages, 0)),
        Command::SetTyping(signal) => receipt::typing(&api, signal),
        Command::TestConnection => {
            let number = api.graph.get([&api.settings.phone_number_id]);
            Ok(number.query("fields", "display_phone_number,verified_name").into())
        }
        Command::RegisterWebhook => {
            Ok(api.graph.post([api.settings.account()?, "subscribed_apps"]).idempotent().into())
        }
        Command::FetchMedia(id) => Ok(media::look_up(&api, id, media::Place::LookUp)),
        Command::ListTemplates => templates::list(&api),
        Command::SubmitTemplate(template) => templates::submit(&api, template),
        other => Err(Failure::unsupported_command(other)),
    }
}

pub fn resume(
    channel: &Channel,
    command: &Command,
    state: &[u8],
    response: Result<Response, TransportError>,
) -> Result<Step, Failure> {
    let api = Api::new(channel)?;
    match command {
        Command::Send(outgoing) => send::resume(&api, outgoing, state, response),
        Command::MarkRead(messages) => receipt::resume(&api, messages, state, response),
        Command::FetchMedia(id) => media::resume(&api, id, state, response),
        Command::ListTemplates => templates::resume_list(&api, state, response),
        Command::SubmitTemplate(template) => templates::submitted(template, response),
        Command::TestConnection => answer::number(&api.settings.phone_number_id, response),
        Command::React(_) | Command::SetTyping(_) | Command::RegisterWebhook => {
            answer::success(Effect::Repeatable, response)?;
            Ok(Outcome::Ok.into())
        }
        other => Err(Failure::unsupported_command(other)),
    }
}
