//! The queues.

use std::time::Duration;

use super::SECOND;
use crate::config::{ConfigError, Secret, Settings, forms};

#[derive(Clone, Debug)]
pub struct Bus {
    /// None: the queues are tables of the database.
    pub amqp_url: Option<Secret>,
    pub queue_prefix: String,
    pub partitions: u32,
    pub publish_timeout: Duration,
    pub prefetch: u16,
}

impl Bus {
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let amqp_url = match settings.optional("bus.amqp_url")? {
            Some(_) => Some(settings.parsed(
                "bus.amqp_url",
                "an address that begins with amqp:// or amqps://",
                forms::broker,
            )?),
            None => None,
        };
        Ok(Self {
            amqp_url,
            queue_prefix: settings.parsed(
                "bus.queue_prefix",
                "1 to 100 letters, digits, dots, dashes or underscores",
                forms::prefix,
            )?,
            partitions: settings.number("bus.partitions", 1..=1024)?,
            publish_timeout: settings.duration("bus.publish_timeout", SECOND..=Duration::from_mins(1))?,
            prefetch: settings.number("bus.prefetch", 1..=10_000)?,
        })
    }
}
