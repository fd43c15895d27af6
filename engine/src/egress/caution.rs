//! What a channel has learnt from a platform that called it too fast: after the
//! pause it goes at half its pace, slower still when it is told so again, and
//! comes back to its own pace little by little.

use std::time::{Duration, Instant};

/// After this long, what is missing of the pace is half as much.
const HALVED_AFTER: Duration = Duration::from_secs(30);
/// So many times its own interval at most.
const MOST: u32 = 16;

#[derive(Clone, Debug)]
pub(super) struct Caution {
    usual: Duration,
    /// Between two requests when the pause ends.
    spacing: Duration,
    since: Instant,
    last: Option<Instant>,
}

impl Caution {
    /// The interval of a channel whose platform names no limit.
    pub(super) const UNLIMITED: Duration = Duration::from_millis(20);

    /// Beginning when a pause is over; `harder` where it is the first answer of its kind.
    pub(super) fn after(known: Option<Self>, usual: Duration, harder: bool, since: Instant) -> Self {
        let before = known.map_or(usual, |known| if harder { known.spacing_at(since) } else { known.spacing / 2 });
        let spacing = before.max(usual).saturating_mul(2).min(usual.saturating_mul(MOST));
        Self { usual, spacing, since, last: None }
    }

    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.spacing_at(now) < self.usual + self.usual / 20
    }

    /// The earliest moment of the next request.
    pub(super) fn next(&self, now: Instant) -> Instant {
        self.last.map_or(now, |last| last + self.spacing_at(now))
    }

    pub(super) fn went(&mut self, moment: Instant) {
        self.last = Some(moment);
    }

    fn spacing_at(&self, now: Instant) -> Duration {
        let halvings = now.saturating_duration_since(self.since).as_secs_f64() / HALVED_AFTER.as_secs_f64();
        self.usual + self.spacing.saturating_sub(self.usual).mul_f64(0.5_f64.powf(halvings))
    }
}
