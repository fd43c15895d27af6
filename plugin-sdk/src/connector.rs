//! What an author implements, and how it becomes a component.

use crate::bindings::Guest;
use crate::types::{
    Acceptance, Channel, Command, Event, Failure, Manifest, Rejection, Response, Step, Timestamp, TransportError,
    Webhook,
};

/// A connector: functions from values to values, without state of its own.
///
/// Only what a platform has needs to be written; everything else answers "unsupported".
pub trait Connector {
    /// Who it is, what it can do, and what a channel's configuration looks like.
    fn describe() -> Manifest;

    /// Which channels' addresses a webhook speaks of, for platforms that call one webhook for many channels.
    fn addresses(_webhook: &Webhook) -> Vec<String> {
        Vec::new()
    }

    /// Is the webhook authentic, and what is the answer?
    fn accept(_channel: &Channel, _webhook: &Webhook) -> Result<Acceptance, Rejection> {
        Err(Rejection::unauthentic("this connector takes no webhooks"))
    }

    /// What happened. An error keeps the webhook aside, with this reason, until a person looks at it.
    fn parse(channel: &Channel, webhook: &Webhook) -> Result<Vec<Event>, String>;

    /// The first step of a command.
    fn perform(_channel: &Channel, command: &Command, _now: Timestamp) -> Result<Step, Failure> {
        Err(Failure::unsupported_command(command))
    }

    /// The next step, once the request of the last one was answered.
    fn resume(
        _channel: &Channel,
        command: &Command,
        _state: &[u8],
        _response: Result<Response, TransportError>,
        _now: Timestamp,
    ) -> Result<Step, Failure> {
        Err(Failure::unsupported_command(command))
    }
}

impl<C: Connector> Guest for C {
    fn describe() -> Manifest {
        C::describe()
    }

    fn addresses(webhook: Webhook) -> Vec<String> {
        C::addresses(&webhook)
    }

    fn accept(channel: Channel, webhook: Webhook) -> Result<Acceptance, Rejection> {
        C::accept(&channel, &webhook)
    }

    fn parse(channel: Channel, webhook: Webhook) -> Result<Vec<Event>, String> {
        C::parse(&channel, &webhook)
    }

    fn perform(channel: Channel, command: Command, now: Timestamp) -> Step {
        C::perform(&channel, &command, now).unwrap_or_else(Step::Failed)
    }

    fn resume(
        channel: Channel,
        command: Command,
        state: Vec<u8>,
        response: Result<Response, TransportError>,
        now: Timestamp,
    ) -> Step {
        C::resume(&channel, &command, &state, response, now).unwrap_or_else(Step::Failed)
    }
}

/// Makes a connector the exports of a component. On other targets than WebAssembly it does nothing, so that the crate
/// is an ordinary library there and its tests run natively.
#[macro_export]
macro_rules! export {
    ($connector:ident) => {
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::export_component!($connector with_types_in $crate::bindings);
    };
}
