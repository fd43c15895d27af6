//! What an instance carries from call to call on the engine's side: its limits and whom it works for.

use std::sync::Arc;

use patchbay_domain::ChannelId;
use wasmtime::{ResourceLimiter, UpdateDeadline};

use crate::{ChannelView, HostConfig, SecretMap, log::LogBudget};

/// A connector is one module, with what the component model puts around it.
pub const CORE_INSTANCES: u32 = 8;
pub const TABLES: u32 = 4;
pub const TABLE_ELEMENTS: usize = 20_000;

pub struct State {
    /// Whom the present call is for; none while no channel is known yet.
    pub channel: Option<ChannelId>,
    pub secrets: Arc<SecretMap>,
    pub log: LogBudget,
    turns_left: u32,
    memory: Memory,
}

struct Memory {
    limit: usize,
    used: usize,
    refused: bool,
}

impl State {
    pub fn new(config: &HostConfig) -> Self {
        Self {
            channel: None,
            secrets: Arc::default(),
            log: LogBudget::default(),
            turns_left: config.turns(),
            memory: Memory { limit: config.memory_bytes, used: 0, refused: false },
        }
    }

    /// Prepares the next call.
    pub fn begin(&mut self, channel: Option<&ChannelView>, config: &HostConfig) {
        self.channel = channel.map(|channel| channel.id);
        self.secrets = channel.map(|channel| Arc::clone(&channel.secrets)).unwrap_or_default();
        self.log = LogBudget::default();
        self.turns_left = config.turns();
        self.memory.refused = false;
    }

    /// When a turn is over: another one later, until the call has had them all.
    pub fn next_turn(&mut self) -> UpdateDeadline {
        match self.turns_left.checked_sub(1) {
            Some(left) => {
                self.turns_left = left;
                UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now()))
            }
            None => UpdateDeadline::Interrupt,
        }
    }

    /// Whether the present call asked for memory that it did not get.
    pub fn ran_out_of_memory(&self) -> bool {
        self.memory.refused
    }

    /// Whether an instance is better made anew than kept: it has used up half of its memory for good.
    pub fn is_worn(&self) -> bool {
        self.memory.used > self.memory.limit / 2
    }
}

impl ResourceLimiter for State {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let used = self.memory.used.saturating_add(desired.saturating_sub(current));
        if used > self.memory.limit {
            self.memory.refused = true;
            return Ok(false);
        }
        self.memory.used = used;
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        CORE_INSTANCES as usize
    }

    fn tables(&self) -> usize {
        TABLES as usize
    }

    fn memories(&self) -> usize {
        1
    }
}
