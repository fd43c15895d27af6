//! A platform that is not there: messages come in by webhook and go out to an optional callback address, so that an
//! installation can be tried, and front ends developed, without an account anywhere.
//!
//! Also the smallest example of a connector: `wire` is what the platform's JSON looks like, `inbound` turns webhooks
//! into events, `outbound` turns commands into requests.

mod inbound;
mod outbound;
mod wire;

use patchbay_plugin_sdk::manifest::{ConfigSchema, hosts, strings};
use patchbay_plugin_sdk::{
    Acceptance, Channel, Command, Connector, Event, Failure, Manifest, Rejection, Response, Step, Timestamp,
    TransportError, Webhook,
};

pub struct Mock;

impl Connector for Mock {
    fn describe() -> Manifest {
        Manifest {
            channel_types: strings(["MOCK"]),
            config_schema: ConfigSchema::new()
                .url("callbackUrl", "Where messages are posted; without it they count as sent at once")
                .secret("secret", "When set, webhooks carry X-Mock-Signature: sha256=<hex HMAC-SHA256 of the body>")
                .build(),
            hosts: hosts(["{config.callbackUrl}"]),
            capabilities: strings(["text", "media", "delivery-status", "read-receipts", "typing"]),
            ..Manifest::new("mock", "Mock", env!("CARGO_PKG_VERSION"))
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

patchbay_plugin_sdk::export!(Mock);
