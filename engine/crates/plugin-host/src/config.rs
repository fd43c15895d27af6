//! What a connector may use.

use std::{path::PathBuf, time::Duration};

#[derive(Clone, Debug)]
pub struct HostConfig {
    /// Where compiled code is kept. Whoever can write there can run code in the engine.
    pub cache_dir: Option<PathBuf>,
    /// The most memory one instance may have.
    pub memory_bytes: usize,
    /// The longest one call may compute; waiting for its turn does not count.
    pub call_deadline: Duration,
    /// How long a call may compute before others get their turn.
    pub yield_every: Duration,
    /// The most a call may hand to the engine beyond what it was given.
    pub output_bytes: usize,
    /// How many instances may exist at once. Each takes address space, not memory, until it is used.
    pub instances: u32,
}

impl HostConfig {
    /// The call deadline in turns.
    pub(crate) fn turns(&self) -> u32 {
        let turns = self.call_deadline.as_nanos().div_ceil(self.yield_every.as_nanos().max(1));
        u32::try_from(turns).unwrap_or(u32::MAX).max(1)
    }
}

impl Default for HostConfig {
    fn default() -> Self {
        Self {
            cache_dir: None,
            memory_bytes: 64 << 20,
            call_deadline: Duration::from_secs(1),
            yield_every: Duration::from_millis(10),
            output_bytes: 8 << 20,
            instances: 4096,
        }
    }
}
