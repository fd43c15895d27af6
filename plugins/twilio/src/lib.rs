//! SMS, MMS and WhatsApp through Twilio: channel types `TWILIO_SMS` and `TWILIO_WHATSAPP`.
//!
//! - `manifest`, `settings`: what a channel needs
//! - `wire`: what Twilio sends, as fields
//! - `signature`: is a webhook Twilio's
//! - `inbound`: webhooks into events
//! - `outbound`: commands into requests, answers into outcomes
//! - `errors`: what Twilio's codes mean
//!
//! Both channel types speak one API. Where they differ, `settings::Medium` says which one it is.

mod errors;
mod inbound;
mod manifest;
mod outbound;
mod settings;
mod signature;
mod wire;

use patchbay_plugin_sdk::{
    Acceptance, Channel, Command, Connector, Event, Failure, Manifest, Rejection, Response, Step, Timestamp,
    TransportError, Webhook,
};

pub struct Twilio;

impl Connector for Twilio {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn addresses(webhook: &Webhook) -> Vec<String> {
        inbound::addresses(webhook)
    }

    fn accept(_channel: &Channel, webhook: &Webhook) -> Result<Acceptance, Rejection> {
        signature::accept(webhook)
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
        _now: Timestamp,
    ) -> Result<Step, Failure> {
        outbound::resume(channel, command, state, response)
    }
}

patchbay_plugin_sdk::export!(Twilio);
