//! The other side of a limit: what the platform sees of it. A request that left
//! late in its place pushes the one that would be too many behind it.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use patchbay_domain::platform::RateLimit;

use super::{SPREAD, permitted_interval};

/// What has left within the time of a limit, whenever its moments were.
pub(super) struct Window {
    most: usize,
    within: Duration,
    left: VecDeque<Instant>,
}

impl Window {
    /// A limit of more than these is kept by its part that has so many.
    const PERMITS: u32 = 1_000;

    pub(super) fn of(limit: &RateLimit) -> Option<Self> {
        let permits = limit.permits.min(Self::PERMITS);
        // The moments have more between them by the whole spread: what was late catches up by the other half of it.
        let within = permitted_interval(limit)? * permits;
        let within = within + within / (2 * SPREAD);
        Some(Self { most: (permits + limit.burst.unwrap_or(1).max(1) - 1) as usize, within, left: VecDeque::new() })
    }

    /// When the next may leave, where it is one too many now.
    pub(super) fn opens(&self) -> Option<Instant> {
        let first = self.left.len().checked_sub(self.most)?;
        Some(*self.left.get(first)? + self.within)
    }

    pub(super) fn went(&mut self, at: Instant) {
        while self.left.front().is_some_and(|first| *first + self.within <= at) {
            self.left.pop_front();
        }
        self.left.push_back(at);
    }
}
