//! Messenger, of a Facebook page: channel type `FACEBOOK`.
//!
//! - `manifest`, `settings`: what a channel needs
//!
//! Reading and sending are in `patchbay-plugin-meta`, which Instagram shares.

mod manifest;
mod settings;

use patchbay_plugin_meta::messaging::{inbound, outbound};
use patchbay_plugin_meta::webhook;
use patchbay_plugin_sdk::{
    Acceptance, Channel, Command, Connector, Event, Failure, Manifest, Rejection, Response, Step, Timestamp,
    TransportError, Webhook,
};
use settings::{MESSENGER, Settings, account};

pub struct Facebook;

impl Connector for Facebook {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn addresses(webhook: &Webhook) -> Vec<String> {
        inbound::addresses(&MESSENGER, webhook)
    }

    fn accept(_channel: &Channel, webhook: &Webhook) -> Result<Acceptance, Rejection> {
        webhook::accept(webhook)
    }

    fn parse(channel: &Channel, webhook: &Webhook) -> Result<Vec<Event>, String> {
        inbound::parse(&MESSENGER, &channel.settings::<Settings>()?.facebook_page_id, webhook)
    }

    fn perform(channel: &Channel, command: &Command, now: Timestamp) -> Result<Step, Failure> {
        outbound::perform(&account(channel)?, command, now)
    }

    fn resume(
        channel: &Channel,
        command: &Command,
        state: &[u8],
        response: Result<Response, TransportError>,
        _now: Timestamp,
    ) -> Result<Step, Failure> {
        outbound::resume(&account(channel)?, command, state, response)
    }
}

patchbay_plugin_sdk::export!(Facebook);
