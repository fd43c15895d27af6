//! The moment of a request: everything that may take its time, such as recording
//! the attempt, a new token or the connector, comes before it.

use std::time::Instant;

use crate::session::desk::{Desk, lock};

/// When a message's first request leaves.
#[derive(Clone, Copy)]
pub struct Departure<'a> {
    pub desk: &'a Desk,
    pub moment: Instant,
}

impl Departure<'_> {
    /// A request that is made once more counts once more.
    #[must_use]
    pub fn again(self) -> Self {
        let now = Instant::now();
        let moment = lock(&self.desk.limiter).as_ref().map_or(now, |(_, limiter)| limiter.claim(now));
        Self { moment, ..self }
    }

    /// Returns when the request may leave.
    pub(super) async fn reached(self) {
        let Self { desk, mut moment } = self;
        loop {
            tokio::time::sleep_until(moment.into()).await;
            let now = Instant::now();
            let left = lock(&desk.limiter).as_mut().map_or(Ok(()), |(_, limiter)| limiter.leave(moment, now));
            match left {
                Ok(()) => return,
                Err(later) => moment = later,
            }
        }
    }
}
