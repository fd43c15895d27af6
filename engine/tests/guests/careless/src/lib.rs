//! A connector without fault, but for the one that a channel's setting `flaw` names: that of the rule of
//! `patchbay plugin check` which it is to break. The check's tests look whether each is noticed; the tests of installing
//! make other versions of it.

use std::sync::atomic::{AtomicU32, Ordering};

use patchbay_plugin_sdk::host::{self, Algorithm};
use patchbay_plugin_sdk::manifest::{ConfigSchema, hosts, strings};
use patchbay_plugin_sdk::{
    Acceptance, Channel, Command, Connector, Content, Detail, Event, Failure, Manifest, Message, Outcome, Participant,
    Rejection, Reply, Request, Response, Step, Timestamp, TransportError, Webhook,
};
use serde::Deserialize;
use serde_json::{Value, json};

const API: &str = "https://api.careless.example";
const HOST: &str = "api.careless.example";
/// Its name and version, where a test finds them in the component and makes others of them.
const ID: &str = "id=careless";
const VERSION: &str = "version=0.1.0";
/// A webhook that is larger than this is too much for the flaw `large`.
const LARGE: usize = 1 << 20;

pub struct Careless;

#[derive(Deserialize)]
struct Settings {
    flaw: Option<String>,
}

#[derive(Deserialize)]
struct Incoming {
    id: String,
    from: String,
    text: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Accepted {
    id: String,
}

fn has(channel: &Channel, flaw: &str) -> bool {
    channel.settings::<Settings>().is_ok_and(|settings| settings.flaw.as_deref() == Some(flaw))
}

impl Connector for Careless {
    fn describe() -> Manifest {
        Manifest {
            channel_types: strings(["CARELESS"]),
            config_schema: ConfigSchema::new()
                .text("flaw", "The rule to break")
                .secret("signingKey", "Signs webhooks")
                .secret("token", "Permits sending")
                .build(),
            hosts: hosts([HOST]),
            capabilities: strings(["text", "location"]),
            ..Manifest::new(whole(ID), "Careless", whole(VERSION))
        }
    }

    fn accept(channel: &Channel, webhook: &Webhook) -> Result<Acceptance, Rejection> {
        if webhook.method == "GET" {
            let token = webhook.query("token").unwrap_or_default();
            return if host::matches(&token, "signingKey") || has(channel, "handshakes") {
                Ok(Acceptance::Answer(Reply::text(webhook.query("challenge").unwrap_or_default())))
            } else {
                Err(Rejection::unauthentic("the token is wrong"))
            };
        }
        let signed = webhook.is_signed("X-Careless-Signature", "", Algorithm::Sha256, "signingKey");
        if (signed && !has(channel, "signatures")) || has(channel, "forgeries") {
            Ok(Acceptance::keep())
        } else {
            Err(Rejection::unauthentic("the signature is wrong"))
        }
    }

    fn parse(channel: &Channel, webhook: &Webhook) -> Result<Vec<Event>, String> {
        if has(channel, "large") && webhook.body.len() > LARGE {
            std::process::abort();
        }
        let Ok(Value::Object(fields)) = webhook.json::<Value>() else { return unreadable(channel) };
        if has(channel, "webhooks-read") {
            return Err("it does not feel like reading".to_owned());
        }
        if has(channel, "unknown-fields") && fields.len() > 4 {
            return Err("there is a field too many".to_owned());
        }
        let Ok(incoming) = webhook.json::<Incoming>() else { return Ok(vec![Event::ignored("not a message")]) };
        match incoming.kind.as_str() {
            "text" => Ok(vec![message(channel, incoming, webhook.received_at)]),
            kind if has(channel, "unknown-kinds") => Err(format!("what is a {kind}?")),
            kind => Ok(vec![Event::ignored(kind)]),
        }
    }

    fn perform(channel: &Channel, command: &Command, _now: Timestamp) -> Result<Step, Failure> {
        let Command::Send(outgoing) = command else { return Err(Failure::unsupported_command(command)) };
        let is_location = matches!(outgoing.content.detail, Some(Detail::Location(_)));
        if is_location && has(channel, "claims") {
            return Err(Failure::unsupported("it only said so"));
        }
        let url = if has(channel, "commands") { "https://undeclared.example" } else { &channel.api_base_url(API)? };
        Ok(Request::post(format!("{url}/messages"))
            .bearer("token")
            .json(&json!({"text": outgoing.content.text}))
            .into())
    }

    fn resume(
        channel: &Channel,
        _command: &Command,
        _state: &[u8],
        response: Result<Response, TransportError>,
        _now: Timestamp,
    ) -> Result<Step, Failure> {
        let response = match response {
            Ok(response) => response,
            Err(TransportError::Unknown(_)) if has(channel, "lost-answer") => {
                return Err(Failure::temporary("send it again"));
            }
            Err(TransportError::NotSent(_)) if has(channel, "not-sent") => return Err(Failure::rejected("so be it")),
            Err(error) => return Err(error.into()),
        };
        answered(channel, &response)
    }
}

fn unreadable(channel: &Channel) -> Result<Vec<Event>, String> {
    if has(channel, "garbage") {
        std::process::abort();
    }
    if has(channel, "truncated") {
        let message = Message::new("1", Participant::new("ada"), 0, Content::text("some of it"));
        return Ok(vec![Event::Message(message)]);
    }
    Err("it is not the expected JSON".to_owned())
}

fn message(channel: &Channel, Incoming { id, from, text, .. }: Incoming, at: Timestamp) -> Event {
    static SEEN: AtomicU32 = AtomicU32::new(0);
    let id = if has(channel, "duplicates") { format!("{id}-{}", SEEN.fetch_add(1, Ordering::Relaxed)) } else { id };
    Event::Message(Message::new(id, Participant::new(from), at, Content::text(text)))
}

fn answered(channel: &Channel, response: &Response) -> Result<Step, Failure> {
    let refused = |flaw| if has(channel, flaw) { Err(Failure::rejected("so be it")) } else { Ok(()) };
    match response.status {
        429 => refused("slow-down")?,
        401 => refused("refused-credentials")?,
        500..=599 => refused("server-error")?,
        300..=399 if has(channel, "redirect") => {
            let location = response.header("location").unwrap_or_default();
            return Ok(Request::post(location).bearer("token").into());
        }
        400..=499 if has(channel, "recorded-answers") => return Ok(Outcome::Sent(vec!["1".to_owned()]).into()),
        _ => {}
    }
    if !response.is_success() {
        let failure = Failure::from_status(response);
        return Err(if has(channel, "retry-after") { failure.retry_after(None) } else { failure });
    }
    let unreadable = |error| {
        if has(channel, "unreadable-answer") { Failure::temporary(error) } else { Failure::unknown(error) }
    };
    let accepted: Accepted = response.json().map_err(unreadable)?;
    // Says which version took the answer.
    Ok(Outcome::Sent(vec![format!("{}:{}", whole(VERSION), accepted.id)]).into())
}

/// Not known when it is compiled, so that the text stays in one piece.
fn whole(text: &'static str) -> &'static str {
    std::hint::black_box(text).split_once('=').map_or(text, |(_, value)| value)
}

patchbay_plugin_sdk::export!(Careless);
