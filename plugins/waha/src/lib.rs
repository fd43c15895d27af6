//! WhatsApp through a WAHA server of one's own: channel type `WAHA`.
//!
//! - `manifest`, `settings`: what a channel needs
//! - `wire`: reading JSON of which any part may be missing
//! - `address`: chats and messages as WAHA names them
//! - `correlation`: identifiers that we give to messages ourselves
//! - `inbound`: webhooks into events
//! - `outbound`: commands into requests, answers into outcomes
//!
//! WAHA drives one of several engines, whose answers differ; what differs is read in every form it has.

mod address;
mod correlation;
mod inbound;
mod manifest;
mod outbound;
mod settings;
mod wire;

use patchbay_plugin_sdk::{
    Acceptance, Channel, Command, Connector, Event, Failure, Manifest, Rejection, Response, Step, Timestamp,
    TransportError, Webhook,
};

pub struct Waha;

impl Connector for Waha {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn addresses(webhook: &Webhook) -> Vec<String> {
        inbound::addresses(webhook)
    }

    fn accept(_channel: &Channel, webhook: &Webhook) -> Result<Acceptance, Rejection> {
        inbound::accept(webhook)
    }

    fn parse(channel: &Channel, webhook: &Webhook) -> Result<Vec<Event>, String> {
        inbound::parse(channel, webhook)
    }

    fn perform(channel: &Channel, command: &Command, now: Timestamp) -> Result<Step, Failure> {
        outbound::perform(channel, command, now)
    }

    fn resume(
        channel: &Channel,
        command: &Command,
        state: &[u8],
        response: Result<Response, TransportError>,
        now: Timestamp,
    ) -> Result<Step, Failure> {
        outbound::resume(channel, command, state, response, now)
    }
}

patchbay_plugin_sdk::export!(Waha);
