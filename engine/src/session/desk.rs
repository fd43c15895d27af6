//! What a channel's session has before it, kept outside the actor so that the
//! next one finds it as it was: webhooks that are not done, sends on their way.

use std::{
    collections::{HashMap, VecDeque},
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use patchbay_domain::{ChannelId, ConversationId, MessageId, platform::RateLimit, reach::Reach};
use patchbay_plugin_host::Instance;
use tokio::sync::Notify;

use super::{
    arrival::{Arrival, Source},
    overflow::Overflow,
    profiles::Strangers,
};
use crate::{batch::together, egress::limiter::Limiter, ingress::envelope::Inbound, recent::Recent};

/// Webhooks of one channel that may be under way at once: enough that each commit finds a full batch waiting.
const INBOX: usize = 512;
/// Their bytes, but for the last: five hundred webhooks of the usual few kilobytes stay far below it, and a channel
/// that is sent files is stopped before it fills the memory.
const INBOX_BYTES: usize = 32 << 20;
const THREADS: NonZeroUsize = NonZeroUsize::new(4_096).expect("4096 is not zero");

pub struct Desk {
    pub channel_id: ChannelId,
    inbox: Mutex<Inbox>,
    /// For the one who waits for room in the inbox.
    room: Notify,
    /// Webhooks for which there is no room.
    pub overflow: Mutex<Overflow>,
    in_flight: Mutex<HashMap<MessageId, ConversationId>>,
    /// The session's connector instance: made at the first call, held only during a call.
    pub instance: tokio::sync::Mutex<Option<Instance>>,
    /// The channel's pace, with the limits it was made for.
    pub limiter: Mutex<Option<(Vec<RateLimit>, Limiter)>>,
    /// Whether its platform answers.
    pub reach: Mutex<Reach>,
    /// Conversations of the threads seen last.
    pub threads: Mutex<Recent<String, ConversationId>>,
    /// A `Pump` is on its way to the actor.
    pub pump_asked: AtomicBool,
    /// A `Wake` likewise.
    pub wake_asked: AtomicBool,
    /// A `Tend` likewise, or what it asks for is being done.
    pub tend_asked: AtomicBool,
    /// People to ask the platform about.
    pub strangers: Strangers,
}

/// In the order of arrival, which is that of their numbers.
#[derive(Default)]
struct Inbox {
    arrivals: VecDeque<Arc<Arrival>>,
    bytes: usize,
    next: u64,
}

impl Desk {
    pub fn new(channel_id: ChannelId) -> Self {
        Self {
            channel_id,
            inbox: Mutex::default(),
            room: Notify::new(),
            overflow: Mutex::default(),
            in_flight: Mutex::default(),
            instance: tokio::sync::Mutex::new(None),
            limiter: Mutex::new(None),
            reach: Mutex::default(),
            threads: Mutex::new(Recent::new(THREADS)),
            pump_asked: AtomicBool::new(false),
            wake_asked: AtomicBool::new(false),
            tend_asked: AtomicBool::new(false),
            strangers: Strangers::default(),
        }
    }

    /// The channel is being looked after for as long as this is kept.
    pub fn tending(self: &Arc<Self>) -> Tending {
        Tending(Arc::clone(self))
    }

    /// Lays a webhook behind the others. Whoever calls it made sure that there is room.
    pub fn put(&self, envelope: Inbound, bytes: usize, source: Source) {
        let mut inbox = lock(&self.inbox);
        inbox.next += 1;
        let arrival = Arrival::new(inbox.next, envelope, bytes, source);
        inbox.bytes += bytes;
        inbox.arrivals.push_back(Arc::new(arrival));
    }

    /// Begins with the next webhooks after the given number, in order: up to so many and so many bytes.
    pub fn begin(&self, after: u64, limit: usize, bytes: usize) -> Vec<Arc<Arrival>> {
        let inbox = lock(&self.inbox);
        let next = inbox.arrivals.partition_point(|arrival| arrival.number <= after);
        let next = inbox.arrivals.iter().skip(next).take(limit);
        let begun = next.clone().take(together(next.map(|arrival| arrival.bytes), bytes)).cloned();
        begun.inspect(|arrival| arrival.begin()).collect()
    }

    /// How many more webhooks, and how many more bytes, it takes.
    pub fn free(&self) -> (usize, usize) {
        let inbox = lock(&self.inbox);
        (INBOX.saturating_sub(inbox.arrivals.len()), INBOX_BYTES.saturating_sub(inbox.bytes))
    }

    pub fn has_room(&self) -> bool {
        let (webhooks, bytes) = self.free();
        webhooks > 0 && bytes > 0
    }

    /// At least half of it is free: a good moment to get more at once.
    pub fn is_half_free(&self) -> bool {
        let (webhooks, bytes) = self.free();
        webhooks >= INBOX / 2 && bytes >= INBOX_BYTES / 2
    }

    /// Returns when there is room; one at a time may wait for it.
    pub async fn room_made(&self) {
        while !self.has_room() {
            self.room.notified().await;
        }
    }

    /// The first webhooks that the bus keeps, up to so many and so many bytes, and what it brought.
    pub fn kept_by_the_bus(&self, limit: usize, bytes: usize) -> Vec<(Arc<Arrival>, Arc<str>)> {
        let inbox = lock(&self.inbox);
        let kept = inbox.arrivals.iter().filter_map(|arrival| Some((Arc::clone(arrival), arrival.payload()?)));
        let mut kept: Vec<_> = kept.take(limit).collect();
        kept.truncate(together(kept.iter().map(|(arrival, _)| arrival.bytes), bytes));
        kept
    }

    /// The last parked webhook on the desk; all before it are on the desk or done.
    pub fn last_row(&self) -> Option<i64> {
        lock(&self.inbox).arrivals.iter().filter_map(|arrival| arrival.row()).max()
    }

    /// Leaves to others what no session has begun with.
    pub fn drop_unbegun(&self) {
        let mut inbox = lock(&self.inbox);
        inbox.arrivals.retain(|arrival| arrival.is_begun());
        inbox.bytes = inbox.arrivals.iter().map(|arrival| arrival.bytes).sum();
    }

    /// Takes a webhook away that is done, or was let go of.
    pub fn remove(&self, arrival: &Arrival) {
        let mut inbox = lock(&self.inbox);
        if let Ok(place) = inbox.arrivals.binary_search_by_key(&arrival.number, |known| known.number) {
            inbox.arrivals.remove(place);
            inbox.bytes = inbox.bytes.saturating_sub(arrival.bytes);
        }
        drop(inbox);
        self.room.notify_one();
    }

    /// Gives back what only speeds things up, for a channel that rests.
    pub fn clear(&self) {
        if let Ok(mut instance) = self.instance.try_lock() {
            *instance = None;
        }
        lock(&self.threads).clear();
    }

    /// Nothing lies on it or waits for room, here or in the table.
    pub fn is_bare(&self) -> bool {
        self.waiting() == 0 && self.in_flight_count() == 0 && !lock(&self.overflow).is_needed()
    }

    pub fn waiting(&self) -> usize {
        lock(&self.inbox).arrivals.len()
    }

    pub fn depart(&self, message: MessageId, conversation: ConversationId) {
        lock(&self.in_flight).insert(message, conversation);
    }

    pub fn returned(&self, message: MessageId) {
        lock(&self.in_flight).remove(&message);
    }

    pub fn in_flight(&self) -> (Vec<MessageId>, Vec<ConversationId>) {
        lock(&self.in_flight).iter().map(|(message, conversation)| (*message, *conversation)).unzip()
    }

    pub fn in_flight_count(&self) -> usize {
        lock(&self.in_flight).len()
    }
}

pub struct Tending(Arc<Desk>);

impl Drop for Tending {
    fn drop(&mut self) {
        self.0.tend_asked.store(false, Ordering::SeqCst);
    }
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use futures_util::FutureExt;

    use super::*;

    /// A desk with parked webhooks of so many bytes each, whose rows are 1, 2, 3 …
    fn desk(count: usize, bytes: usize) -> Desk {
        let desk = Desk::new(ChannelId::at(DateTime::UNIX_EPOCH));
        for row in 1..=count {
            let envelope = Arrival::for_test(0, Source::Nowhere).envelope;
            desk.put(envelope, bytes, Source::Parked(i64::try_from(row).unwrap()));
        }
        desk
    }

    #[test]
    fn it_is_full_by_count_or_by_bytes() {
        assert!(desk(INBOX - 1, 1).has_room());
        assert!(!desk(INBOX, 1).has_room());
        assert!(desk(1, INBOX_BYTES - 1).has_room());
        assert!(!desk(1, INBOX_BYTES).has_room());
        assert!(desk(INBOX / 2, 1).is_half_free() && !desk(INBOX / 2 + 1, 1).is_half_free());
    }

    #[test]
    fn what_is_done_makes_room() {
        let desk = desk(INBOX, 1);
        assert!(desk.room_made().now_or_never().is_none());
        let begun = desk.begin(0, 3, 3);
        desk.remove(&begun[1]);
        desk.remove(&begun[1]);
        assert_eq!(desk.free(), (1, INBOX_BYTES - INBOX + 1));
        assert!(desk.room_made().now_or_never().is_some());
        let numbers: Vec<_> = desk.begin(1, 9, 2).iter().map(|arrival| arrival.number).collect();
        assert_eq!(numbers, [3, 4]);
    }

    #[test]
    fn what_nobody_has_begun_with_is_left_to_others() {
        let desk = desk(10, 1);
        desk.begin(0, 4, 4);
        assert_eq!(desk.last_row(), Some(10));
        desk.drop_unbegun();
        assert_eq!((desk.waiting(), desk.last_row()), (4, Some(4)));
        assert_eq!(desk.free(), (INBOX - 4, INBOX_BYTES - 4));
    }
}
