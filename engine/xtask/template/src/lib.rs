//! {{Name}}: channel type `{{NAME}}`.
//!
//! - `wire`: what the platform's JSON looks like
//! - `inbound`: webhooks into events
//! - `outbound`: commands into requests, answers into outcomes

mod inbound;
mod outbound;
mod wire;

use patchbay_plugin_sdk::manifest::{ConfigSchema, hosts, strings};
use patchbay_plugin_sdk::{
    Acceptance, Channel, Command, Connector, Event, Failure, Manifest, Rejection, Response, Step, Timestamp,
    TransportError, Webhook,
};

pub struct {{Name}};

impl Connector for {{Name}} {
    fn describe() -> Manifest {
        Manifest {
            channel_types: strings(["{{NAME}}"]),
            config_schema: ConfigSchema::new()
                .secret("token", "The token that the platform gave you")
                .secret("signingKey", "The key under which the platform signs webhooks")
                .required(["token", "signingKey"])
                .build(),
            hosts: hosts(["api.{{name}}.example"]),
            capabilities: strings(["text"]),
            ..Manifest::new("{{name}}", "{{Name}}", env!("CARGO_PKG_VERSION"))
        }
    }

    fn accept(_channel: &Channel, webhook: &Webhook) -> Result<Acceptance, Rejection> {
        inbound::accept(webhook)
    }

    fn parse(_channel: &Channel, webhook: &Webhook) -> Result<Vec<Event>, String> {
        inbound::parse(webhook)
    }

    fn perform(channel: &Channel, command: &Command, _now: Timestamp) -> Result<Step, Failure> {
        outbound::perform(channel, command)
    }

    fn resume(
        _channel: &Channel,
        command: &Command,
        _state: &[u8],
        response: Result<Response, TransportError>,
        _now: Timestamp,
    ) -> Result<Step, Failure> {
        outbound::resume(command, response)
    }
}

patchbay_plugin_sdk::export!({{Name}});
