//! One look at a channel's queue: what is due, when there is more, and where it
//! has to be made anew, the limiter with what was sent before.

use std::{sync::Arc, time::Instant};

use chrono::{DateTime, Utc};
use patchbay_domain::platform::RateLimit;
use patchbay_store::{StoreError, sending::Due};

use super::{Shared, desk::Desk};
use crate::{
    channels::{ActiveChannel, ChannelError},
    egress::limiter::Limiter,
    retry,
};

/// Messages looked at in one go.
const LOOK_AHEAD: u32 = 64;
/// Attempts read back to rebuild a limiter.
const REMEMBERED: u32 = 10_000;

/// What a look at the queue found.
pub(super) struct Look {
    pub channel: Arc<ActiveChannel>,
    pub due: Vec<Due>,
    pub next_due_at: Option<DateTime<Utc>>,
    /// Attempts of the time before, where the limiter has to be made.
    pub remembered: Option<Limiter>,
}

/// None where the channel must not send, or not here.
pub(super) async fn look(
    shared: &Shared,
    desk: &Desk,
    known: Option<Vec<RateLimit>>,
) -> Result<Option<Look>, StoreError> {
    if !shared.tenure.covers(desk.channel_id) {
        return Ok(None);
    }
    let channel = match shared.channels.get(desk.channel_id).await {
        Ok(channel) if channel.may_send() => channel,
        Ok(_) => return Ok(None),
        Err(ChannelError::Unknown) => {
            cancel_waiting(shared, desk).await?;
            return Ok(None);
        }
        Err(error) => {
            tracing::warn!(channel.id = %desk.channel_id, %error, "a channel cannot send");
            return if error.is_retryable() { Err(StoreError::Unavailable(error.to_string())) } else { Ok(None) };
        }
    };
    let now = (shared.clock)();
    let remembered = match known {
        Some(limits) if limits == channel.limits => None,
        _ => Some(rebuild(shared, &channel, now).await?),
    };
    let (_, busy) = desk.in_flight();
    let due = retry::while_unavailable("due", || shared.store.due(desk.channel_id, now, LOOK_AHEAD, &busy)).await?;
    let next_due_at = if due.is_empty() { shared.store.next_due_at(desk.channel_id, now).await? } else { None };
    Ok(Some(Look { channel, due, next_due_at, remembered }))
}

/// What came into the queue of a deleted channel, or came back to it.
async fn cancel_waiting(shared: &Shared, desk: &Desk) -> Result<(), StoreError> {
    let now = (shared.clock)();
    let cancelled =
        retry::while_unavailable("cancel_waiting", || shared.store.cancel_waiting(desk.channel_id, now)).await?;
    if cancelled > 0 {
        tracing::info!(channel.id = %desk.channel_id, cancelled, "messages of a deleted channel were cancelled");
    }
    Ok(())
}

/// A limiter that counts what was sent before, and rests where the platform asked for it.
async fn rebuild(shared: &Shared, channel: &ActiveChannel, now: DateTime<Utc>) -> Result<Limiter, StoreError> {
    let instant = Instant::now();
    let mut limiter = Limiter::new(&channel.limits, instant);
    let memory = chrono::Duration::from_std(limiter.memory()).unwrap_or_default();
    let attempts = shared.store.recent_attempts(channel.id(), now - memory, REMEMBERED).await?;
    let ages: Vec<_> =
        attempts.into_iter().map(|(at, recipient)| ((now - at).to_std().unwrap_or_default(), recipient)).collect();
    limiter.remember(&ages, ages.len() < REMEMBERED as usize);
    if let Some(until) = shared.store.paused_until(channel.id()).await? {
        let begun = (now - until).to_std().ok().and_then(|since| instant.checked_sub(since));
        let until = (until - now).to_std().ok().map(|left| instant + left).or(begun);
        limiter.pause(until.unwrap_or(instant), instant);
    }
    Ok(limiter)
}
