//! What connectors and the engine say to each other, as the engine keeps it:
//! the types of `plugin-sdk/wit/connector.wit`, serialisable and free of
//! wasmtime. `plugin-host` translates between the two, field by field.

mod command;
mod content;
mod event;
mod manifest;
mod sending;
mod step;
mod webhook;

pub use command::*;
pub use content::*;
pub use event::*;
pub use manifest::*;
pub use sending::*;
pub use step::*;
pub use webhook::*;
