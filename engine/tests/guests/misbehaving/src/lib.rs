//! A connector that does what it must not: a webhook or a message tells it what. The engine's tests load it beside
//! well-behaved ones and look at what those notice.
//!
//! A webhook is a `Call`. The text of an outgoing message is a misdeed of `Misdeed::named`, or `post <address>`, or
//! `post <address> then <misdeed>`, or `post <address> then again`, which never comes to an end.

use patchbay_plugin_sdk::manifest::{ConfigSchema, hosts, strings};
use patchbay_plugin_sdk::{
    Acceptance, Channel, Command, Connector, Content, Event, Failure, Manifest, Message, Outcome, Participant,
    Rejection, Request, Response, Step, Timestamp, TransportError, Webhook,
};
use serde::Deserialize;

const MEBIBYTE: usize = 1 << 20;

pub struct Misbehaving;

/// What to do while accepting and while reading it; without either it is a message, or somebody who wants no more of them.
#[derive(Deserialize)]
struct Call {
    accept: Option<String>,
    parse: Option<String>,
    #[serde(rename = "optOut")]
    opt_out: Option<String>,
    id: Option<String>,
    from: Option<String>,
    text: Option<String>,
}

enum Misdeed {
    Trap,
    Spin,
    Allocate,
    /// A hundred megabytes of events.
    Flood,
}

impl Misdeed {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "trap" => Self::Trap,
            "spin" => Self::Spin,
            "allocate" => Self::Allocate,
            "flood" => Self::Flood,
            _ => return None,
        })
    }

    fn commit(&self) -> Vec<Event> {
        match self {
            Self::Trap => std::process::abort(),
            Self::Spin => loop {
                std::hint::spin_loop();
            },
            Self::Allocate => {
                let mut kept = Vec::new();
                loop {
                    kept.push(vec![1_u8; MEBIBYTE]);
                    std::hint::black_box(&kept);
                }
            }
            Self::Flood => (0..100).map(|number| message(number.to_string(), "flood", "x".repeat(MEBIBYTE))).collect(),
        }
    }
}

impl Connector for Misbehaving {
    fn describe() -> Manifest {
        Manifest {
            channel_types: strings(["MISBEHAVING"]),
            config_schema: ConfigSchema::new().build(),
            hosts: hosts([]),
            capabilities: strings(["text"]),
            ..Manifest::new("misbehaving", "Misbehaving", env!("CARGO_PKG_VERSION"))
        }
    }

    fn accept(_channel: &Channel, webhook: &Webhook) -> Result<Acceptance, Rejection> {
        let call = webhook.json::<Call>().map_err(Rejection::Malformed)?;
        if let Some(misdeed) = call.accept.as_deref().and_then(Misdeed::named) {
            misdeed.commit();
        }
        Ok(Acceptance::keep())
    }

    fn parse(_channel: &Channel, webhook: &Webhook) -> Result<Vec<Event>, String> {
        let call = webhook.json::<Call>()?;
        if let Some(misdeed) = call.parse.as_deref().and_then(Misdeed::named) {
            return Ok(misdeed.commit());
        }
        if let Some(person) = call.opt_out {
            return Ok(vec![Event::OptOut(Participant::new(person))]);
        }
        let (Some(id), Some(from), Some(text)) = (call.id, call.from, call.text) else {
            return Ok(vec![Event::ignored("nothing to do")]);
        };
        Ok(vec![message(id, &from, text)])
    }

    fn perform(_channel: &Channel, command: &Command, _now: Timestamp) -> Result<Step, Failure> {
        let Command::Send(outgoing) = command else { return Err(Failure::unsupported_command(command)) };
        let text = outgoing.content.text.as_deref().unwrap_or_default();
        if let Some(misdeed) = Misdeed::named(text) {
            misdeed.commit();
        }
        Ok(post(text).unwrap_or_else(|| Outcome::Sent(vec![outgoing.id.clone()]).into()))
    }

    fn resume(
        _channel: &Channel,
        command: &Command,
        state: &[u8],
        response: Result<Response, TransportError>,
        _now: Timestamp,
    ) -> Result<Step, Failure> {
        let Command::Send(outgoing) = command else { return Err(Failure::unsupported_command(command)) };
        if let Some(misdeed) = std::str::from_utf8(state).ok().and_then(Misdeed::named) {
            misdeed.commit();
        }
        response?;
        if state == b"again" {
            let next = post(outgoing.content.text.as_deref().unwrap_or_default());
            return next.ok_or_else(|| Failure::unsupported_command(command));
        }
        Ok(Outcome::Sent(vec![outgoing.id.clone()]).into())
    }
}

/// The request that a message asks for.
fn post(text: &str) -> Option<Step> {
    let rest = text.strip_prefix("post ")?;
    let (address, then) = rest.split_once(" then ").unwrap_or((rest, ""));
    Some(Request::post(address).state(then).into())
}

fn message(id: String, from: &str, text: String) -> Event {
    Event::Message(Message::new(id, Participant::new(from), 1_700_000_000_000, Content::text(text)))
}

patchbay_plugin_sdk::export!(Misbehaving);
