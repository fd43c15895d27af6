//! E-mail, by Twilio SendGrid: channel type `EMAIL`.
//!
//! - `manifest`, `settings`: what a channel needs
//! - `authentic`: who called the webhook
//! - `identifiers`: Message-IDs, and which conversation a mail belongs to
//! - `inbound`: mails and delivery events into events
//! - `outbound`: commands into requests, answers into outcomes

mod authentic;
mod identifiers;
mod inbound;
mod manifest;
mod outbound;
mod settings;

use patchbay_plugin_sdk::{
    Acceptance, Channel, Command, Connector, Event, Failure, Manifest, Rejection, Response, Step, Timestamp,
    TransportError, Webhook,
};

pub struct SendGrid;

impl Connector for SendGrid {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn addresses(webhook: &Webhook) -> Vec<String> {
        inbound::addresses(webhook)
    }

    fn accept(channel: &Channel, webhook: &Webhook) -> Result<Acceptance, Rejection> {
        authentic::accept(channel, webhook)
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
        _state: &[u8],
        response: Result<Response, TransportError>,
        now: Timestamp,
    ) -> Result<Step, Failure> {
        outbound::resume(channel, command, response, now)
    }
}

patchbay_plugin_sdk::export!(SendGrid);
