//! A platform behind a paired phone: it has a session that may not come up, keeps messages that no webhook brought, and
//! says in webhooks only who somebody is by number. The engine's tests look how it is looked after.

#[path = "../../answers.rs"]
mod answers;

use answers::read;
use patchbay_plugin_sdk::manifest::{ConfigSchema, hosts, strings};
use patchbay_plugin_sdk::{
    Acceptance, Channel, Command, Connector, Content, Event, Failure, Manifest, Message, Outcome, Participant, Polled,
    Rejection, Request, Response, SessionChange, SessionState, Step, Timestamp, TransportError, Webhook,
};
use serde::Deserialize;
use serde_json::json;

pub struct Phone;

/// A webhook is a message, or the news of a session.
#[derive(Deserialize)]
#[serde(untagged)]
enum Call {
    Session(Session),
    Message(Written),
}

#[derive(Deserialize)]
struct Session {
    state: State,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Stopped,
    Starting,
    AwaitingQr,
    Connected,
    Failed,
}

#[derive(Deserialize)]
struct Written {
    id: String,
    from: String,
    text: String,
}

#[derive(Deserialize)]
struct News {
    messages: Vec<Written>,
    cursor: Option<String>,
}

#[derive(Deserialize)]
struct Person {
    name: String,
    picture: String,
}

impl Session {
    fn change(&self) -> SessionChange {
        SessionChange::new(match self.state {
            State::Stopped => SessionState::Stopped,
            State::Starting => SessionState::Starting,
            State::AwaitingQr => SessionState::AwaitingQr,
            State::Connected => SessionState::Connected,
            State::Failed => SessionState::Failed,
        })
    }
}

impl Written {
    fn event(self, at: Timestamp) -> Event {
        Event::Message(Message::new(self.id, Participant::new(self.from), at, Content::text(self.text)))
    }
}

impl Connector for Phone {
    fn describe() -> Manifest {
        Manifest {
            channel_types: strings(["PHONE"]),
            config_schema: ConfigSchema::new()
                .url("apiBaseUrl", "Where the phone is reached")
                .secret("token", "Permits it")
                .build(),
            hosts: hosts(["{config.apiBaseUrl}"]),
            capabilities: strings(["text", "sessions", "catch-up", "profiles"]),
            ..Manifest::new("phone", "Phone", env!("CARGO_PKG_VERSION"))
        }
    }

    fn accept(_channel: &Channel, _webhook: &Webhook) -> Result<Acceptance, Rejection> {
        Ok(Acceptance::keep())
    }

    fn parse(_channel: &Channel, webhook: &Webhook) -> Result<Vec<Event>, String> {
        Ok(vec![match webhook.json()? {
            Call::Session(session) => Event::Session(session.change()),
            Call::Message(message) => message.event(webhook.received_at),
        }])
    }

    fn perform(channel: &Channel, command: &Command, _now: Timestamp) -> Result<Step, Failure> {
        let base = channel.api_base_url("http://localhost")?;
        let request = match command {
            Command::Send(outgoing) => {
                Request::post(format!("{base}/messages")).json(&json!({"text": outgoing.content.text}))
            }
            Command::TestConnection | Command::SessionStatus => Request::get(format!("{base}/session")),
            Command::SessionStart => Request::post(format!("{base}/session/start")),
            Command::SessionRestart => Request::post(format!("{base}/session/restart")),
            Command::FetchProfile(id) => Request::get(format!("{base}/people/{id}")),
            Command::Poll(since) => {
                Request::get(format!("{base}/news")).query("since", since.as_deref().unwrap_or("the beginning"))
            }
            _ => return Err(Failure::unsupported_command(command)),
        };
        Ok(request.bearer("token").into())
    }

    fn resume(
        _channel: &Channel,
        command: &Command,
        _state: &[u8],
        response: Result<Response, TransportError>,
        now: Timestamp,
    ) -> Result<Step, Failure> {
        let response = answers::success(response)?;
        let outcome = match command {
            Command::Send(_) => answers::sent(&response)?,
            Command::FetchProfile(id) => {
                let Person { name, picture } = read(&response)?;
                Outcome::Profile(Participant {
                    name: Some(name),
                    avatar_url: Some(picture),
                    ..Participant::new(id.as_str())
                })
            }
            Command::Poll(_) => {
                let News { messages, cursor } = read(&response)?;
                let events = messages.into_iter().map(|message| message.event(now)).collect();
                Outcome::Polled(Polled { events, cursor })
            }
            _ => Outcome::Session(read::<Session>(&response)?.change()),
        };
        Ok(outcome.into())
    }
}

patchbay_plugin_sdk::export!(Phone);
