//! Where data is kept.

use std::{fs::DirBuilder, os::unix::fs::DirBuilderExt, path::PathBuf};

use crate::config::{ConfigError, Secret, Settings, forms};

#[derive(Clone, Debug)]
pub struct Storage {
    pub data_dir: PathBuf,
    /// `postgres://…` or `sqlite:path`; it may hold a password.
    pub database_url: Secret,
    pub max_connections: u32,
}

impl Storage {
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let data_dir = PathBuf::from(settings.parsed("storage.data_dir", "a folder", forms::filled)?);
        let database_url = match settings.optional("storage.database_url")? {
            Some(_) => settings.parsed(
                "storage.database_url",
                "an address that begins with postgres:// or sqlite:",
                forms::database,
            )?,
            None => forms::default_database(&data_dir),
        };
        Ok(Self { data_dir, database_url, max_connections: settings.number("storage.max_connections", 2..=1000)? })
    }

    /// SQLite: nothing to install, one node.
    pub fn is_embedded(&self) -> bool {
        self.database_url.expose().starts_with("sqlite:")
    }

    /// The embedded database's file. One in memory has none.
    pub fn embedded_file(&self) -> Option<PathBuf> {
        let path = self.database_url.expose().strip_prefix("sqlite:")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
        (!path.is_empty() && !path.starts_with(':')).then(|| PathBuf::from(&*path))
    }

    pub fn media_dir(&self) -> PathBuf {
        self.data_dir.join("media")
    }

    /// Makes the data folder where there is none, for its owner alone.
    pub fn prepare(&self) -> Result<(), ConfigError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.data_dir);
        made.map_err(|cause| ConfigError::DataFolder { path: self.data_dir.clone(), cause })
    }
}
