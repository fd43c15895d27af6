//! Connectors, what they may reach, and what the installation itself has to offer them.

use std::{path::PathBuf, time::Duration};

use patchbay_plugin_host::HostConfig;

use super::{HOUR, MIB, SECOND, SIZES, Storage};
use crate::config::{ConfigError, Secret, Settings, forms};

#[derive(Clone, Debug)]
pub struct Plugins {
    pub dir: PathBuf,
    pub cache_dir: PathBuf,
    pub memory_bytes: usize,
    pub call_deadline: Duration,
    pub output_bytes: usize,
}

impl Plugins {
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let data_dir = Storage::read(settings)?.data_dir;
        Ok(Self {
            dir: PathBuf::from(settings.parsed("plugins.dir", "a folder", forms::filled)?),
            cache_dir: settings
                .optional("plugins.cache_dir")?
                .map_or_else(|| data_dir.join("plugin-cache"), PathBuf::from),
            memory_bytes: settings.bytes("plugins.memory_bytes", MIB..=4096 * MIB - 1)?,
            call_deadline: settings
                .duration("plugins.call_deadline", Duration::from_millis(10)..=Duration::from_mins(1))?,
            output_bytes: settings.bytes("plugins.output_bytes", SIZES)?,
        })
    }

    /// The limits within which connectors run.
    pub fn host(&self) -> HostConfig {
        HostConfig {
            cache_dir: Some(self.cache_dir.clone()),
            memory_bytes: self.memory_bytes,
            call_deadline: self.call_deadline,
            output_bytes: self.output_bytes,
            ..HostConfig::default()
        }
    }
}

#[derive(Clone, Debug)]
pub struct Egress {
    /// Hosts, addresses and networks, as written, some after a connector's id and `=`.
    pub allow: Vec<String>,
    /// Hosts, as manifests write them, after a connector's id and `=`.
    pub grants: Vec<String>,
    pub timeout: Duration,
    pub response_bytes: usize,
    pub saved_bytes: usize,
}

impl Egress {
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self {
            allow: settings.list(
                "egress.allow",
                "host names, addresses or networks such as \"10.1.0.0/16\"",
                forms::allowed,
            )?,
            grants: settings.list(
                "egress.grants",
                "hosts after a connector's id, such as \"whatsapp=graph.facebook.com\"",
                forms::granted,
            )?,
            timeout: settings.duration("egress.timeout", SECOND..=HOUR)?,
            response_bytes: settings.bytes("egress.response_bytes", SIZES)?,
            saved_bytes: settings.bytes("egress.saved_bytes", SIZES)?,
        })
    }
}

/// A WAHA server that all organisations share.
#[derive(Clone, Debug)]
pub struct Waha {
    /// Without a closing slash.
    pub base_url: String,
    pub api_key: Secret,
    /// It signs the webhooks of all sessions there.
    pub hmac_key: Secret,
}

impl Waha {
    /// None: each channel names its own server.
    pub fn read(settings: &Settings) -> Result<Option<Self>, ConfigError> {
        let key = |key| settings.optional(key).map(|text| text.map(Secret::new));
        let (api_key, hmac_key) = (key("waha.api_key")?, key("waha.hmac_key")?);
        if settings.optional("waha.base_url")?.is_none() {
            return Ok(None);
        }
        let base_url =
            settings.parsed("waha.base_url", "an address such as \"https://waha.example.com\"", forms::base)?;
        let needed = |key, secret: Option<Secret>| {
            secret.ok_or_else(|| settings.refuse(key, "set where waha.base_url names a server"))
        };
        let (api_key, hmac_key) = (needed("waha.api_key", api_key)?, needed("waha.hmac_key", hmac_key)?);
        Ok(Some(Self { base_url, api_key, hmac_key }))
    }
}
