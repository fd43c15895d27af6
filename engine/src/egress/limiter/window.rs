//! The other side of a limit: what the platform sees of it. A request that left
//! late in its place pushes the one that would be too many behind it.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use patchbay_domain::platform::RateLimit;

use super::permitted_interval;

/// What has left within the time of a limit.
pub(super) struct Window {
    most: usize,
    within: Duration,
    left: VecDeque<Instant>,
}

impl Window {
    /// A limit of more than these is kept by its part that has so many.
    const PERMITS: u32 = 1_000;
    /// Requests spread a little on their way: this part of the time.
    const SPREAD: u32 = 400;

    pub(super) fn of(limit: &RateLimit) -> Option<Self> {
        let permits = limit.permits.min(Self::PERMITS);
        let within = permitted_interval(limit)? * permits;
        // A channel's settings may name any burst.
        let most = permits.saturating_add(limit.burst.unwrap_or(1).saturating_sub(1)) as usize;
        Some(Self { most, within: within + within / Self::SPREAD, left: VecDeque::new() })
    }

    /// When the next may leave, where as many as are permitted have left.
    pub(super) fn opens(&self) -> Option<Instant> {
        let first = self.left.len().checked_sub(self.most)?;
        Some(*self.left.get(first)? + self.within)
    }

    /// What is kept beyond the time of the limit: whoever is late by more would make one too many of it.
    pub(super) fn spread(&self) -> Duration {
        self.within / (Self::SPREAD + 1)
    }

    pub(super) fn went(&mut self, at: Instant) {
        while self.left.front().is_some_and(|first| *first + self.within <= at) {
            self.left.pop_front();
        }
        self.left.push_back(at);
    }
}
