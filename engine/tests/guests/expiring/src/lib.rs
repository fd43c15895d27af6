//! A platform whose access tokens expire: it only says how they are renewed, and uses them. The engine's tests look how
//! they are, and what becomes of a channel whose credentials are refused, wherever that shows.

#[path = "../../answers.rs"]
mod answers;

use answers::read;
use patchbay_plugin_sdk::manifest::{ClientAuthentication, ConfigSchema, hosts, strings};
use patchbay_plugin_sdk::types::Oauth2;
use patchbay_plugin_sdk::{
    Acceptance, Attachment, Channel, Command, Connector, Content, Event, Failure, Manifest, MediaKind, MediaSource,
    Message, Outcome, Participant, Rejection, Request, Response, Step, Timestamp, TransportError, Webhook,
};
use serde::Deserialize;
use serde_json::json;

pub struct Expiring;

#[derive(Deserialize)]
struct Written {
    id: String,
    from: String,
    text: String,
    /// Who gives it is known, picture and all.
    name: Option<String>,
    /// The platform's name of a file.
    file: Option<String>,
}

#[derive(Deserialize)]
struct Person {
    name: String,
}

impl Connector for Expiring {
    fn describe() -> Manifest {
        Manifest {
            channel_types: strings(["EXPIRING"]),
            config_schema: ConfigSchema::new()
                .text("clientId", "Whom the platform knows the engine as")
                .secret("clientSecret", "Proves it")
                .secret("accessToken", "Permits sending, for a while")
                .secret("refreshToken", "Brings another")
                .oauth2(ClientAuthentication::Basic, None)
                .build(),
            hosts: hosts([]),
            capabilities: strings(["text", "media-download", "profiles"]),
            oauth2: Some(Oauth2 {
                token_url: "https://api.expiring.example/oauth2/token".to_owned(),
                client_id_field: "clientId".to_owned(),
                client_secret: "clientSecret".to_owned(),
                access_token: "accessToken".to_owned(),
                refresh_token: "refreshToken".to_owned(),
            }),
            ..Manifest::new("expiring", "Expiring", env!("CARGO_PKG_VERSION"))
        }
    }

    fn accept(_channel: &Channel, _webhook: &Webhook) -> Result<Acceptance, Rejection> {
        Ok(Acceptance::keep())
    }

    fn parse(_channel: &Channel, webhook: &Webhook) -> Result<Vec<Event>, String> {
        let Written { id, from, text, name, file } = webhook.json()?;
        let avatar_url = name.as_ref().map(|_| "https://example.com/ana.png".to_owned());
        let sender = Participant { name, avatar_url, ..Participant::new(from) };
        let mut content = Content::text(text);
        content.attachments.extend(file.map(|file| Attachment::new(MediaKind::Image, MediaSource::Platform(file))));
        Ok(vec![Event::Message(Message::new(id, sender, webhook.received_at, content))])
    }

    fn perform(channel: &Channel, command: &Command, _now: Timestamp) -> Result<Step, Failure> {
        let base = channel.api_base_url("https://api.expiring.example")?;
        let request = match command {
            Command::Send(outgoing) => {
                Request::post(format!("{base}/messages")).json(&json!({"text": outgoing.content.text}))
            }
            Command::TestConnection => Request::get(format!("{base}/me")),
            Command::FetchMedia(file) => Request { save_body: true, ..Request::get(format!("{base}/files/{file}")) },
            Command::FetchProfile(id) => Request::get(format!("{base}/people/{id}")),
            _ => return Err(Failure::unsupported_command(command)),
        };
        Ok(request.bearer("accessToken").into())
    }

    fn resume(
        _channel: &Channel,
        command: &Command,
        _state: &[u8],
        response: Result<Response, TransportError>,
        _now: Timestamp,
    ) -> Result<Step, Failure> {
        let response = answers::success(response)?;
        let outcome = match command {
            Command::Send(_) => answers::sent(&response)?,
            Command::FetchMedia(_) => {
                Outcome::Media(response.saved.ok_or_else(|| Failure::unknown("the file was not kept"))?)
            }
            Command::FetchProfile(id) => {
                let Person { name } = read(&response)?;
                Outcome::Profile(Participant { name: Some(name), ..Participant::new(id.as_str()) })
            }
            _ => Outcome::Ok,
        };
        Ok(outcome.into())
    }
}

patchbay_plugin_sdk::export!(Expiring);
