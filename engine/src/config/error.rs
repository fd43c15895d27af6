//! Why the configuration is refused: one sentence per fault, naming the key and
//! where it was set. Values of secret keys are not repeated.

use std::{io, path::PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("The configuration file {} cannot be read: {cause}.", path.display())]
    Unreadable { path: PathBuf, cause: io::Error },

    #[error("{origin} is not valid TOML: {message}.")]
    Syntax { origin: String, message: String },

    #[error("{origin} sets `{key}`, which is no key; there are {known}.")]
    UnknownKey { origin: String, key: String, known: String },

    #[error("{setting} is {value}, but it must be {allowed}.")]
    Value { setting: String, value: String, allowed: String },

    #[error("{setting} must be {allowed}.")]
    SecretValue { setting: String, allowed: String },

    #[error("{key} is read, but config.default.toml does not have it.")]
    Undocumented { key: &'static str },

    /// One sentence per line.
    #[error("{}", .0.join("\n"))]
    Missing(Vec<String>),

    #[error(
        "{setting} needs PostgreSQL, but the database is SQLite: set DATABASE_URL to a postgres:// address, or leave AMQP_URL unset to keep the queues in the database."
    )]
    BrokerWithoutPostgres { setting: String },

    #[error("The data folder {} cannot be made: {cause}; set PATCHBAY_DATA_DIR to a folder that can be written.", path.display())]
    DataFolder { path: PathBuf, cause: io::Error },

    #[error("The generated key {} cannot be read or written: {cause}.", path.display())]
    KeyFile { path: PathBuf, cause: io::Error },

    #[error("The key file {} must hold {allowed}, but does not: restore it from a copy, or set {variable}.", path.display())]
    DamagedKeyFile { path: PathBuf, allowed: &'static str, variable: &'static str },
}
