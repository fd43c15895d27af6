//! The configuration: the documented defaults of `config.default.toml`, then a
//! file, then the environment. Whatever is wrong with it stops the start with
//! one sentence that names the key, where it was set and what is allowed.
//!
//! [`Config`] is all of it. A command that needs less reads single sections
//! from `Settings`. How to add a key is told in `sections`.

mod error;
mod forms;
mod keys;
mod secret;
mod sections;
mod settings;
mod units;

#[cfg(test)]
mod tests;

use std::path::Path;

pub use error::ConfigError;
pub use secret::{MasterKey, Secret};
pub use sections::*;
pub use settings::{Settings, VARIABLES};
pub use units::show_duration;

#[derive(Clone, Debug)]
pub struct Config {
    pub server: Server,
    pub storage: Storage,
    pub bus: Bus,
    pub auth: Auth,
    pub secrets: Secrets,
    pub plugins: Plugins,
    pub egress: Egress,
    /// The installation's own WAHA server, where it has one.
    pub waha: Option<Waha>,
    pub tickets: Tickets,
    pub conversations: Conversations,
    pub sessions: Sessions,
    pub realtime: Realtime,
    pub retention: Retention,
    pub log: Log,
}

impl Config {
    /// Reads and checks everything. With the embedded database it makes the keys that are not given, once.
    pub fn load(file: Option<&Path>, environment: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        Self::read(&Settings::load(file, environment)?)
    }

    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let (server, storage, bus) = (Server::read(settings)?, Storage::read(settings)?, Bus::read(settings)?);
        let (plugins, egress, waha) = (Plugins::read(settings)?, Egress::read(settings)?, Waha::read(settings)?);
        let (tickets, conversations) = (Tickets::read(settings)?, Conversations::read(settings)?);
        let realtime = Realtime::read(settings)?;
        let (sessions, retention, log) = (Sessions::read(settings)?, Retention::read(settings)?, Log::read(settings)?);
        if bus.amqp_url.is_some() && storage.is_embedded() {
            return Err(ConfigError::BrokerWithoutPostgres { setting: settings.name("bus.amqp_url") });
        }
        storage.prepare()?;
        let keys::Keys { jwt_secret, master_key } = keys::read(settings, &storage)?;
        let auth = Auth::read(settings, jwt_secret)?;
        let secrets = Secrets { master_key };
        Ok(Self {
            server,
            storage,
            bus,
            auth,
            secrets,
            plugins,
            egress,
            waha,
            tickets,
            conversations,
            sessions,
            realtime,
            retention,
            log,
        })
    }
}
