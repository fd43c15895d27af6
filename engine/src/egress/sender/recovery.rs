//! Attempts that were cut off, because the engine stopped in them.

use patchbay_domain::{
    attempt::{UnknownPolicy, settle},
    platform::FailureKind,
};
use patchbay_store::{StoreError, sending::Settled};

use super::{Sender, verdict::failure};
use crate::{channels::Channels, session::desk::Desk};

const LOST: &str = "the engine stopped before the platform's answer came";

impl Sender {
    /// Ends the attempts of nodes that are gone, and those of this node that nobody is working on.
    pub async fn recover(&self, desk: &Desk, channels: &Channels) -> Result<usize, StoreError> {
        let now = (self.clock)();
        let alive_since = self.sight.alive_since(self.store.time(now).await?);
        let mut open = self.store.interrupted(desk.channel_id, self.node, alive_since).await?;
        // Read afterwards: what left meanwhile is on the desk, and what came back since is settled.
        let (in_flight, _) = desk.in_flight();
        open.retain(|attempt| !in_flight.contains(&attempt.message_id));
        if open.is_empty() {
            return Ok(0);
        }
        let (policy, owner) = match channels.get(desk.channel_id).await {
            Ok(channel) => (channel.unknown_policy, channel.row.organisation_id.uuid()),
            Err(error) if error.is_retryable() => return Err(StoreError::Unavailable(error.to_string())),
            Err(_) => (UnknownPolicy::default(), desk.channel_id.uuid()),
        };
        let count = open.len();
        for interrupted in open {
            let lost = Err(failure(FailureKind::Unknown, LOST));
            let policy = policy.of(interrupted.in_campaign);
            let (settlement, consequence) =
                settle(lost, interrupted.tries, chrono::Duration::zero(), policy, rand::random(), now);
            let settled = Settled {
                message_id: interrupted.message_id,
                channel_id: desk.channel_id,
                attempt_id: Some(interrupted.attempt_id),
                settlement,
                consequence,
            };
            self.store_settlement(owner, settled).await;
        }
        tracing::warn!(channel.id = %desk.channel_id, count, "attempts were cut off and ended as the channel's policy says");
        Ok(count)
    }
}
