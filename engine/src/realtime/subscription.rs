//! One client's way through the log: out of the log until it is read to its end,
//! then live. Each event comes once, in order: where the next one that comes live
//! is not the one that follows, what lies between is read from the log.

use std::{collections::VecDeque, sync::Arc};

use patchbay_domain::OrganisationId;
use tokio_util::sync::CancellationToken;

use super::{Ended, Happening, Hub, hub::Live, log};

/// Events read at once.
const PAGE: u32 = 100;

pub struct Subscription {
    hub: Hub,
    organisation: OrganisationId,
    /// The last event that was handed out.
    cursor: i64,
    /// Up to there the log is read, although it is followed live.
    until: i64,
    page: VecDeque<Arc<Happening>>,
    live: Option<Live>,
    /// Came live before what it follows.
    ahead: Option<Arc<Happening>>,
    slow: CancellationToken,
}

impl Subscription {
    pub(super) fn new(hub: Hub, organisation: OrganisationId, cursor: i64) -> Self {
        let (page, slow) = (VecDeque::new(), CancellationToken::new());
        Self { hub, organisation, cursor, until: cursor, page, live: None, ahead: None, slow }
    }

    pub fn cursor(&self) -> i64 {
        self.cursor
    }

    /// Cancelled when the client is cut off.
    pub fn slow(&self) -> CancellationToken {
        self.slow.clone()
    }

    /// The next event. Nothing is lost when this is dropped while it waits.
    pub async fn next(&mut self) -> Result<Arc<Happening>, Ended> {
        loop {
            if let Some(next) = self.page.pop_front() {
                self.cursor = next.sequence;
                return Ok(next);
            }
            if self.live.is_some() && self.cursor >= self.until {
                match self.next_live().await? {
                    Some(next) => return Ok(next),
                    None => continue,
                }
            }
            let page = log::read(self.hub.store(), self.organisation, self.cursor, PAGE).await?;
            if self.live.is_none() && page.len() < PAGE as usize {
                let live = self.hub.join(self.organisation, self.slow.clone()).await?;
                self.until = live.from;
                self.live = Some(live);
            }
            self.page = page.into();
        }
    }

    async fn next_live(&mut self) -> Result<Option<Arc<Happening>>, Ended> {
        let Some(live) = &mut self.live else { return Ok(None) };
        if self.ahead.is_none() {
            self.ahead = live.queue.recv().await;
        }
        let Some(next) = self.ahead.take() else {
            return Err(if self.slow.is_cancelled() { Ended::TooSlow } else { Ended::Stopping });
        };
        if next.sequence <= self.cursor {
            return Ok(None);
        }
        if next.sequence > self.cursor + 1 {
            self.until = next.sequence - 1;
            self.ahead = Some(next);
            return Ok(None);
        }
        self.cursor = next.sequence;
        Ok(Some(next))
    }
}
