//! What can go wrong with a connector: when it is loaded, and when it is called.

use std::{path::PathBuf, time::Duration};

/// A connector that cannot be used, in a sentence for whoever built or installed it.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    #[error("the WebAssembly engine cannot start: {0}")]
    Engine(String),
    #[error("the folder {path:?} cannot be used: {reason}")]
    Folder { path: PathBuf, reason: std::io::Error },
    #[error("the file cannot be read: {0}")]
    Read(#[from] std::io::Error),
    #[error("the file has {size} bytes, more than the {limit} a connector may have")]
    TooLarge { size: u64, limit: u64 },
    #[error("the file is not WebAssembly: {0}")]
    NotWebAssembly(String),
    #[error(
        "it is a WebAssembly module without the connector contract in it ({0}); build it with patchbay-plugin-sdk and its export macro"
    )]
    NoContract(String),
    #[error(
        "it imports {0}, but connectors run without WASI: they have no clock, files, environment or sockets; build it for wasm32-unknown-unknown, or with componentize-js and every feature in disableFeatures"
    )]
    Wasi(String),
    #[error(
        "it imports {import}, but this engine speaks version {offered} of the contract; rebuild it with that version's SDK"
    )]
    Version { import: String, offered: &'static str },
    #[error(
        "it imports {0}, which the engine does not offer; a connector may import only patchbay:connector's types, crypto and log, so remove what needs it"
    )]
    UnknownImport(String),
    #[error(
        "it does not export {0}, which the contract asks for; build it with patchbay-plugin-sdk and its export macro"
    )]
    MissingExport(&'static str),
    #[error("an import or export has another type than in the contract: {0}")]
    WrongType(String),
    #[error("it cannot be compiled: {0}")]
    Compile(String),
    #[error("it failed when it was asked to describe itself: {0}")]
    Describe(#[from] CallError),
    #[error("its manifest is wrong: {0}")]
    Manifest(String),
    #[error("{mine} and {other} both claim the channel type {channel_type:?}; remove one of them")]
    Conflict { mine: String, other: String, channel_type: String },
}

/// A call of a connector that gave no answer. The input is not lost: the caller still has it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    #[error("the connector crashed: {0}")]
    Trap(String),
    #[error("the connector wanted more than {limit} bytes of memory")]
    OutOfMemory { limit: usize },
    #[error("the connector computed for more than {limit:?}")]
    Deadline { limit: Duration },
    #[error("the connector answered with more than {limit} bytes")]
    OutputTooLarge { limit: usize },
    #[error("the connector's answer breaks the contract: {0}")]
    Contract(String),
    #[error("all {limit} connector instances are in use")]
    Busy { limit: u32 },
    #[error("the connector could not be called: {0}")]
    Host(String),
}

impl CallError {
    /// A word for metrics.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Trap(_) => "trap",
            Self::OutOfMemory { .. } => "memory",
            Self::Deadline { .. } => "deadline",
            Self::OutputTooLarge { .. } => "output",
            Self::Contract(_) => "contract",
            Self::Busy { .. } => "busy",
            Self::Host(_) => "host",
        }
    }
}
