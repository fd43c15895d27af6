//! Everything a connector needs: the contract's types, the [`Connector`] trait, and tests without WebAssembly.
//!
//! A connector implements [`Connector`] and says `patchbay_plugin_sdk::export!(MyConnector);`. README.md is the
//! guide. To add a helper, put it beside the type it helps: `impl Webhook` in `webhook`, `impl Request` in `request`.
//!
//! In the order in which a connector meets them:
//! - [`manifest`]: who it is, and the schema of a channel's configuration
//! - [`config`]: a channel's configuration as a type
//! - `webhook`, `headers`, [`encoding`]: reading webhooks, answering
//! - `message`: building events
//! - `request`, `failure`: commands as requests, outcomes and failures
//! - [`host`]: signatures over secrets, the log
//! - [`testing`]: fixtures, scripted platforms, snapshots

pub mod bindings;
pub mod config;
mod connector;
pub mod encoding;
mod failure;
mod headers;
pub mod host;
pub mod manifest;
mod message;
mod request;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod webhook;

/// The types of the contract.
pub mod types {
    pub use crate::bindings::patchbay::connector::types::*;
}

pub use connector::Connector;
pub use types::*;
