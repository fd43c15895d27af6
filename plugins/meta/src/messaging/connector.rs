//! The connector of both products: what a product says of itself, made one.

use super::{Account, Product, inbound, outbound};
use crate::webhook;
use patchbay_plugin_sdk::config::ConfigError;
use patchbay_plugin_sdk::{
    Acceptance, Channel, Command, Connector, Event, Failure, Manifest, Rejection, Response, Step, Timestamp,
    TransportError, Webhook,
};
use serde::de::DeserializeOwned;
use std::marker::PhantomData;

/// What a product's connector has of its own.
pub trait Platform {
    const PRODUCT: &'static Product;
    type Settings: DeserializeOwned + 'static;

    fn manifest() -> Manifest;
    /// What webhooks call the channel's account.
    fn own(settings: &Self::Settings) -> &str;
    fn account(channel: &Channel, settings: &Self::Settings) -> Result<Account, ConfigError>;
}

pub struct Messaging<P>(PhantomData<P>);

impl<P: Platform> Messaging<P> {
    fn account(channel: &Channel) -> Result<Account, ConfigError> {
        P::account(channel, &*channel.settings::<P::Settings>()?)
    }
}

impl<P: Platform> Connector for Messaging<P> {
    fn describe() -> Manifest {
        P::manifest()
    }

    fn addresses(webhook: &Webhook) -> Vec<String> {
        inbound::addresses(P::PRODUCT, webhook)
    }

    fn accept(_channel: &Channel, webhook: &Webhook) -> Result<Acceptance, Rejection> {
        webhook::accept(webhook)
    }

    fn parse(channel: &Channel, webhook: &Webhook) -> Result<Vec<Event>, String> {
        inbound::parse(P::PRODUCT, P::own(&*channel.settings::<P::Settings>()?), webhook)
    }

    fn perform(channel: &Channel, command: &Command, now: Timestamp) -> Result<Step, Failure> {
        outbound::perform(&Self::account(channel)?, command, now)
    }

    fn resume(
        channel: &Channel,
        command: &Command,
        state: &[u8],
        response: Result<Response, TransportError>,
        _now: Timestamp,
    ) -> Result<Step, Failure> {
        outbound::resume(&Self::account(channel)?, command, state, response)
    }
}
