//! What a desk has no room for, and how long others wait for it to make some.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use patchbay_domain::WebhookId;

use super::desk::{Desk, lock};
use crate::{batch::together, bus::Delivery};

/// How long the other channels of a partition may be kept waiting by one whose desk is full. A busy channel makes
/// room within a millisecond; one that takes longer uses this up, and gets back `REGAINED` with every webhook. Parking
/// costs each webhook three statements more: a moment in which the database or the processor is busy is not worth it.
const PATIENCE: Duration = Duration::from_millis(750);
const REGAINED: Duration = Duration::from_millis(2);

pub struct Overflow {
    /// The table may have more than the desk: what arrives is parked.
    pub parked: bool,
    /// What is on the desk is to be parked too, for the next owner of the partition.
    pub leaving: bool,
    /// Not on the desk and not in the table yet.
    pub waiting: VecDeque<(WebhookId, Delivery)>,
    pub clerk: Clerk,
    patience: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Clerk {
    Away,
    AtWork,
    /// At work, and to look once more before it leaves.
    Called,
}

impl Default for Overflow {
    fn default() -> Self {
        Self { parked: false, leaving: false, waiting: VecDeque::new(), clerk: Clerk::Away, patience: PATIENCE }
    }
}

impl Overflow {
    /// Webhooks are parked, are to be, or somebody sees to it.
    pub fn is_needed(&self) -> bool {
        self.parked || self.leaving || !self.waiting.is_empty() || self.clerk != Clerk::Away
    }

    /// Webhooks and tasks that are not at rest.
    pub fn under_way(&self) -> usize {
        self.waiting.len() + usize::from(self.clerk != Clerk::Away)
    }

    /// The first that wait, as many as go together.
    pub fn take_waiting(&mut self, limit: usize, bytes: usize) -> Vec<(WebhookId, Delivery)> {
        let sizes = self.waiting.iter().take(limit).map(|(_, delivery)| delivery.payload.len());
        let next = together(sizes, bytes);
        self.waiting.drain(..next).collect()
    }
}

/// Waits for room on the desk; false where it stays full.
pub async fn room(desk: &Desk) -> bool {
    let patience = lock(&desk.overflow).patience;
    let begun = Instant::now();
    let made = tokio::time::timeout(patience, desk.room_made()).await.is_ok();
    let left = patience.saturating_sub(begun.elapsed()) + REGAINED;
    lock(&desk.overflow).patience = if made { left.min(PATIENCE) } else { PATIENCE };
    made
}
