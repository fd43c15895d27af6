//! Comments on a company's LinkedIn page, and posts that mention it: channel type `LINKEDIN`.
//!
//! - `manifest`, `settings`: what a channel needs
//! - `wire`: reading JSON of which any part may be missing
//! - `urn`: posts and comments as LinkedIn names them
//! - `lookup`: what a notification leaves out
//! - `inbound`: notifications and comments into events
//! - `outbound`: commands into requests, answers into outcomes; `outbound::poll` fetches what no webhook tells
//!
//! A conversation is a comment on a post of the page with the replies to it, or a post that mentions the page. All of it
//! is public, and so is every answer. LinkedIn has no API for the private messages of a page.

mod inbound;
mod lookup;
mod manifest;
mod outbound;
mod settings;
mod urn;
mod wire;

use patchbay_plugin_sdk::{
    Acceptance, Channel, Command, Connector, Event, Failure, Manifest, Rejection, Response, Step, Timestamp,
    TransportError, Webhook,
};

pub struct LinkedIn;

impl Connector for LinkedIn {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn addresses(webhook: &Webhook) -> Vec<String> {
        inbound::addresses(webhook)
    }

    fn accept(channel: &Channel, webhook: &Webhook) -> Result<Acceptance, Rejection> {
        inbound::accept(channel, webhook)
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

patchbay_plugin_sdk::export!(LinkedIn);
