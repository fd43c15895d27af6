//! Direct messages on X: channel type `TWITTER`.
//!
//! - `manifest`, `settings`: what a channel needs
//! - `wire`: reading JSON of which any part may be missing
//! - `snowflake`: the time within an identifier
//! - `written`: a text as it was written, and the files in it, from webhooks and from lists
//! - `inbound`: webhooks into events, in both envelopes
//! - `oauth1`: signatures of requests
//! - `outbound`: commands into requests, answers into outcomes
//!
//! X has two systems of messages. This connector serves the one whose messages can be read; what arrives in the other,
//! which is encrypted from end to end, it shows as a placeholder.

mod inbound;
mod manifest;
mod oauth1;
mod outbound;
mod settings;
mod snowflake;
mod wire;
mod written;

use patchbay_plugin_sdk::{
    Acceptance, Channel, Command, Connector, Event, Failure, Manifest, Rejection, Response, Step, Timestamp,
    TransportError, Webhook,
};

pub struct Twitter;

impl Connector for Twitter {
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

patchbay_plugin_sdk::export!(Twitter);
