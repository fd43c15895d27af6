//! What is kept how long, and what is logged.

use std::time::Duration;

use tracing_subscriber::filter::Targets;

use super::{DAY, HOUR, SECOND, YEAR};
use crate::config::{ConfigError, Settings, forms};

#[derive(Clone, Debug)]
pub struct Retention {
    pub pending_statuses: Duration,
    pub events: Duration,
    pub idempotency: Duration,
    pub attempts: Duration,
    pub notifications: Duration,
    /// How often content is looked for that is older than its channel lets it be.
    pub content_every: Duration,
}

impl Retention {
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self {
            pending_statuses: settings.duration("retention.pending_statuses", HOUR..=YEAR)?,
            events: settings.duration("retention.events", HOUR..=10 * YEAR)?,
            idempotency: settings.duration("retention.idempotency", HOUR..=YEAR)?,
            // A limit counts the attempts of two months.
            attempts: settings.duration("retention.attempts", 90 * DAY..=10 * YEAR)?,
            notifications: settings.duration("retention.notifications", DAY..=10 * YEAR)?,
            content_every: settings.duration("retention.content_every", SECOND..=DAY)?,
        })
    }
}

#[derive(Clone, Debug)]
pub struct Log {
    pub filter: Targets,
}

impl Log {
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let allowed = "levels (error, warn, info, debug, trace, off) such as \"info\" or \"info,patchbay::bus=debug\"";
        Ok(Self { filter: settings.parsed("log.filter", allowed, forms::levels)? })
    }
}
