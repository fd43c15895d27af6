//! A webhook on a desk, and what keeps it until it is done.

use std::{
    mem,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
};

use super::desk::lock;
use crate::{bus::Delivery, ingress::envelope::Inbound};

/// Where a webhook comes from again if this node dies before it is done.
pub enum Source {
    Bus(Delivery),
    /// The row of `parked_webhooks`.
    Parked(i64),
    /// It is done, or was let go of.
    Nowhere,
}

/// What is left to do for a webhook that is done.
pub enum Settlement {
    Acknowledge(Delivery),
    Delete(i64),
    Nothing,
}

pub struct Arrival {
    pub number: u64,
    pub envelope: Inbound,
    /// The length of the stored envelope.
    pub bytes: usize,
    /// A session has begun with it.
    begun: AtomicBool,
    /// How often a session died of it, and whether it is at it now.
    tries: AtomicU32,
    open: AtomicUsize,
    source: Mutex<Source>,
}

impl Arrival {
    pub fn new(number: u64, envelope: Inbound, bytes: usize, source: Source) -> Self {
        let (begun, tries) = (AtomicBool::new(false), AtomicU32::new(0));
        let (open, source) = (AtomicUsize::new(0), Mutex::new(source));
        Self { number, envelope, bytes, begun, tries, open, source }
    }

    pub fn tries(&self) -> u32 {
        self.tries.load(Ordering::SeqCst)
    }

    pub fn begin(&self) {
        self.begun.store(true, Ordering::SeqCst);
    }

    pub fn is_begun(&self) -> bool {
        self.begun.load(Ordering::SeqCst)
    }

    /// Does what may kill whoever does it. Only a death in here counts against the webhook: whoever dies of something
    /// else has many on the desk that are not to blame.
    pub fn handle(&self, work: impl FnOnce()) {
        self.tries.fetch_add(1, Ordering::SeqCst);
        work();
        self.tries.store(0, Ordering::SeqCst);
    }

    /// Begins with it anew: `parts` things have to be done.
    pub fn split(&self, parts: usize) {
        self.open.store(parts, Ordering::SeqCst);
    }

    /// One part is done; true when it was the last.
    pub fn part_done(&self) -> bool {
        self.open.fetch_sub(1, Ordering::SeqCst) == 1
    }

    /// It is done. A parked one stays where it is until its row is deleted.
    pub fn settle(&self) -> Settlement {
        let mut source = lock(&self.source);
        match mem::replace(&mut *source, Source::Nowhere) {
            Source::Bus(delivery) => Settlement::Acknowledge(delivery),
            Source::Parked(row) => {
                *source = Source::Parked(row);
                Settlement::Delete(row)
            }
            Source::Nowhere => Settlement::Nothing,
        }
    }

    /// Lets go of it, so that it comes again: what the bus brought goes back to it, what is parked stays so.
    pub fn let_go(&self) -> Source {
        mem::replace(&mut *lock(&self.source), Source::Nowhere)
    }

    /// What the bus brought, while the bus keeps it.
    pub fn payload(&self) -> Option<Arc<str>> {
        match &*lock(&self.source) {
            Source::Bus(delivery) => Some(Arc::clone(&delivery.payload)),
            Source::Parked(_) | Source::Nowhere => None,
        }
    }

    pub fn row(&self) -> Option<i64> {
        match &*lock(&self.source) {
            Source::Parked(row) => Some(*row),
            Source::Bus(_) | Source::Nowhere => None,
        }
    }

    /// From now on the row keeps it, and the bus need not. `None` where it was done in the meantime.
    pub fn move_to(&self, row: i64) -> Option<Delivery> {
        let mut source = lock(&self.source);
        match mem::replace(&mut *source, Source::Nowhere) {
            Source::Bus(delivery) => {
                *source = Source::Parked(row);
                Some(delivery)
            }
            other => {
                *source = other;
                None
            }
        }
    }

    /// A webhook that nobody keeps.
    #[cfg(test)]
    pub fn for_test(number: u64, source: Source) -> Self {
        use chrono::DateTime;
        use patchbay_domain::{ChannelId, WebhookId};

        use crate::ingress::envelope::PolledV1;
        let at = DateTime::UNIX_EPOCH;
        let fetched = PolledV1 { id: WebhookId::at(at), channel_id: ChannelId::at(at), events: Vec::new() };
        Self::new(number, Inbound::PolledV1(fetched), 1, source)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn only_a_death_over_the_webhook_itself_counts_against_it() {
        let arrival = Arrival::for_test(1, Source::Nowhere);
        let dies = || catch_unwind(AssertUnwindSafe(|| arrival.handle(|| panic!("of it")))).unwrap_err();
        for _ in 0..5 {
            arrival.begin();
        }
        assert_eq!((arrival.tries(), arrival.is_begun()), (0, true));
        dies();
        dies();
        assert_eq!(arrival.tries(), 2);
        arrival.handle(|| ());
        assert_eq!(arrival.tries(), 0);
    }
}
