//! WhatsApp, by Meta's Cloud API: channel type `WHATSAPP`.
//!
//! - `manifest`, `settings`: what a channel needs
//! - `wire`: what Meta sends, as types
//! - `inbound`: webhooks into events
//! - `outbound`: commands into requests, answers into outcomes
//! - `errors`: what WhatsApp's codes mean
//!
//! What other Graph products need as well is in `patchbay-plugin-meta`.

mod errors;
mod inbound;
mod manifest;
mod outbound;
mod settings;
mod wire;

use patchbay_plugin_meta::webhook;
use patchbay_plugin_sdk::{
    Acceptance, Channel, Command, Connector, Event, Failure, Manifest, Rejection, Response, Step, Timestamp,
    TransportError, Webhook,
};

pub struct WhatsApp;

impl Connector for WhatsApp {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn addresses(webhook: &Webhook) -> Vec<String> {
        inbound::addresses(webhook)
    }

    fn accept(_channel: &Channel, webhook: &Webhook) -> Result<Acceptance, Rejection> {
        webhook::accept(webhook)
    }

    fn parse(channel: &Channel, webhook: &Webhook) -> Result<Vec<Event>, String> {
        inbound::parse(channel, webhook)
    }

    fn perform(channel: &Channel, command: &Command, _now: Timestamp) -> Result<Step, Failure> {
        outbound::perform(channel, command)
    }

    fn resume(
        channel: &Channel,
        command: &Command,
        state: &[u8],
        response: Result<Response, TransportError>,
        _now: Timestamp,
    ) -> Result<Step, Failure> {
        outbound::resume(channel, command, state, response)
    }
}

patchbay_plugin_sdk::export!(WhatsApp);
