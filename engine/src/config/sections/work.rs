//! Tickets, and the actors that work: how long they live and how they come back.

use std::time::Duration;

use super::{DAY, HOUR, SECOND, YEAR};
use crate::config::{ConfigError, Settings};

#[derive(Clone, Debug)]
pub struct Tickets {
    pub reopen_window: Duration,
}

impl Tickets {
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self { reopen_window: settings.duration("tickets.reopen_window", Duration::ZERO..=YEAR)? })
    }
}

#[derive(Clone, Debug)]
pub struct Conversations {
    pub idle_after: Duration,
    pub mailbox: usize,
}

impl Conversations {
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self {
            idle_after: settings.duration("conversations.idle_after", SECOND..=DAY)?,
            mailbox: settings.number("conversations.mailbox", 1..=100_000)?,
        })
    }
}

#[derive(Clone, Debug)]
pub struct Sessions {
    pub idle_after: Duration,
    pub mailbox: usize,
    /// Sends under way at once on one channel.
    pub concurrency: usize,
    /// Every actor that failed is started again after a pause that grows from the first to the longest.
    pub first_restart_delay: Duration,
    pub longest_restart_delay: Duration,
    /// One that failed more often than this within a minute rests.
    pub restart_budget: u32,
    pub restart_rest: Duration,
    /// A platform's session that is not up begins anew after these, doubling up to the longest.
    pub starting: Duration,
    pub pairing: Duration,
    pub longest_recovery: Duration,
    /// One that needs nothing is asked about this often.
    pub ask_every: Duration,
}

impl Sessions {
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let first_restart_delay = settings.duration("sessions.first_restart_delay", Duration::from_millis(1)..=HOUR)?;
        Ok(Self {
            idle_after: settings.duration("sessions.idle_after", SECOND..=DAY)?,
            mailbox: settings.number("sessions.mailbox", 1..=100_000)?,
            concurrency: settings.number("sessions.concurrency", 1..=1000)?,
            first_restart_delay,
            longest_restart_delay: settings.duration("sessions.longest_restart_delay", first_restart_delay..=HOUR)?,
            restart_budget: settings.number("sessions.restart_budget", 1..=1000)?,
            restart_rest: settings.duration("sessions.restart_rest", SECOND..=DAY)?,
            starting: settings.duration("sessions.starting", SECOND..=HOUR)?,
            pairing: settings.duration("sessions.pairing", SECOND..=DAY)?,
            longest_recovery: settings.duration("sessions.longest_recovery", SECOND..=DAY)?,
            ask_every: settings.duration("sessions.ask_every", SECOND..=DAY)?,
        })
    }
}
