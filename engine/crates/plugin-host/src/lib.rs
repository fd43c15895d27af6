//! Connectors: loads them, calls them within limits, and sends their requests.
//!
//! The only place that knows wasmtime. In the order of a call:
//!
//! - `plugins` finds the connector of a channel type and swaps it when its file changes,
//! - `host` makes a file callable: `component` checks what it asks for, `manifest` what it says of itself,
//! - `instance` calls it: `state` holds its limits, `crypto` and `log` are all it can ask for,
//!   `translate` turns its values into the engine's,
//! - `egress` sends what it asks to send: policy, credentials and the guard against private addresses; what comes
//!   back passes `redact`.
//!
//! A later version of the contract gets a module beside `bindings` and one beside `translate`; `component`
//! tells by the imports which of them a file was built for.

mod bindings;
mod channel;
mod clock;
mod component;
mod config;
mod crypto;
pub mod egress;
mod error;
mod host;
mod instance;
mod log;
mod manifest;
mod media;
mod plugin;
mod plugins;
mod redact;
mod state;
mod translate;

pub use channel::{ChannelView, SecretMap};
pub use config::HostConfig;
pub use egress::{Egress, EgressConfig, EgressError};
pub use error::{CallError, HostError};
pub use host::PluginHost;
pub use instance::Instance;
pub use media::{ByteStream, MediaError, MediaRead, MediaStore};
pub use plugin::Plugin;
pub use plugins::{PluginInfo, Plugins};
pub use redact::Redactor;
