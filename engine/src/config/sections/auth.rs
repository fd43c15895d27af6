//! Who may call, and what is encrypted.

use std::time::Duration;

use super::{DAY, SECOND, YEAR};
use crate::config::{ConfigError, MasterKey, Secret, Settings};

#[derive(Clone, Debug)]
pub struct Auth {
    pub jwt_secret: Secret,
    pub access_lifetime: AccessLifetime,
    pub refresh_lifetime: Duration,
    pub login_attempts: u32,
    pub login_window: Duration,
    pub requests_per_minute: u32,
    pub sends_per_minute: u32,
}

/// How long an access token lives in each dialect.
#[derive(Clone, Copy, Debug)]
pub struct AccessLifetime {
    pub helpdesk: Duration,
    pub inbox: Duration,
    pub sessions: Duration,
    pub business: Duration,
}

impl Auth {
    pub(in crate::config) fn read(settings: &Settings, jwt_secret: Secret) -> Result<Self, ConfigError> {
        let lifetime = |key| settings.duration(key, Duration::from_mins(1)..=YEAR);
        Ok(Self {
            jwt_secret,
            access_lifetime: AccessLifetime {
                helpdesk: lifetime("auth.access_lifetime.helpdesk")?,
                inbox: lifetime("auth.access_lifetime.inbox")?,
                sessions: lifetime("auth.access_lifetime.sessions")?,
                business: lifetime("auth.access_lifetime.business")?,
            },
            refresh_lifetime: lifetime("auth.refresh_lifetime")?,
            login_attempts: settings.number("auth.login_attempts", 1..=1000)?,
            login_window: settings.duration("auth.login_window", SECOND..=DAY)?,
            requests_per_minute: settings.number("auth.requests_per_minute", 1..=1_000_000)?,
            sends_per_minute: settings.number("auth.sends_per_minute", 1..=1_000_000)?,
        })
    }
}

#[derive(Clone, Debug)]
pub struct Secrets {
    pub master_key: MasterKey,
}
