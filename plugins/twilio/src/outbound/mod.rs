//! From a command to requests, and from their answers to an outcome. Every command that takes more than one request
//! keeps its place in the request's state.

mod answer;
mod compose;
mod file;
mod media;
mod options;
mod recipient;
mod send;
mod template;
mod templates;
mod typing;

use crate::settings::{Medium, Settings};
use answer::Effect;
use patchbay_plugin_sdk::encoding::encode_component;
use patchbay_plugin_sdk::{Channel, Command, Failure, Outcome, Request, Response, Step, Timestamp, TransportError};
pub use send::WINDOW_MS;
use std::rc::Rc;

const API: &str = "https://api.twilio.com";
const CONTENT: &str = "https://content.twilio.com";
const MESSAGING: &str = "https://messaging.twilio.com";

/// A channel's way to its account. A channel's `apiBaseUrl` stands for every host of Twilio's.
struct Api<'a> {
    channel: &'a Channel,
    settings: Rc<Settings>,
    medium: Medium,
}

impl<'a> Api<'a> {
    fn new(channel: &'a Channel) -> Result<Self, Failure> {
        Ok(Self { channel, settings: channel.settings::<Settings>()?, medium: Medium::of(channel) })
    }

    fn base(&self, host: &str) -> Result<String, Failure> {
        Ok(self.channel.api_base_url(host)?)
    }

    /// The messages of the account.
    fn messages(&self) -> Result<String, Failure> {
        let account = encode_component(&self.settings.account_sid);
        Ok(format!("{}/2010-04-01/Accounts/{account}/Messages.json", self.base(API)?))
    }

    fn authorised(&self, request: Request) -> Request {
        let (user, secret) = self.settings.credentials();
        request.basic(user, secret)
    }
}

pub fn perform(channel: &Channel, command: &Command, now: Timestamp) -> Result<Step, Failure> {
    let api = Api::new(channel)?;
    match command {
        Command::Send(outgoing) => send::begin(&api, outgoing, now),
        Command::SetTyping(signal) => typing::show(&api, signal),
        Command::TestConnection => {
            api.settings.sender(api.medium)?;
            Ok(api.authorised(Request::get(api.messages()?).query("PageSize", "1")).into())
        }
        Command::FetchMedia(url) => media::download(&api, url),
        Command::ListTemplates => templates::list(&api),
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
        Command::SetTyping(_) | Command::TestConnection => {
            answer::success(Effect::Repeatable, response)?;
            Ok(Outcome::Ok.into())
        }
        Command::FetchMedia(_) => media::saved(response),
        Command::ListTemplates => templates::resume(&api, state, response),
        other => Err(Failure::unsupported_command(other)),
    }
}
