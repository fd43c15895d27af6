//! What a channel's session has before it, kept outside the actor so that the
//! next one finds it as it was: webhooks that are not done, sends on their way.

use std::{
    collections::{HashMap, VecDeque},
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
};

use lru::LruCache;
use patchbay_domain::{ChannelId, ConversationId, MessageId, platform::RateLimit};
use patchbay_plugin_host::Instance;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{bus::Delivery, egress::limiter::Limiter, ingress::envelope::InboundV1};

/// Webhooks of one channel that may be under way at once; the bus keeps the rest.
const INBOX: usize = 128;
const THREADS: NonZeroUsize = NonZeroUsize::new(4_096).expect("4096 is not zero");

pub struct Desk {
    pub channel_id: ChannelId,
    room: Arc<Semaphore>,
    inbox: Mutex<Inbox>,
    in_flight: Mutex<HashMap<MessageId, ConversationId>>,
    /// The session's connector instance: made at the first call, held only during a call.
    pub instance: tokio::sync::Mutex<Option<Instance>>,
    /// The channel's pace, with the limits it was made for.
    pub limiter: Mutex<Option<(Vec<RateLimit>, Limiter)>>,
    /// Conversations of the threads seen last.
    pub threads: Mutex<LruCache<String, ConversationId>>,
    /// A `Pump` is on its way to the actor.
    pub pump_asked: AtomicBool,
    /// A `Wake` likewise.
    pub wake_asked: AtomicBool,
}

#[derive(Default)]
struct Inbox {
    arrivals: VecDeque<Arc<Arrival>>,
    next: u64,
}

/// A webhook from the bus: acknowledged when the last thing that follows from it is committed.
pub struct Arrival {
    pub number: u64,
    pub envelope: InboundV1,
    /// How often a session has begun with it.
    pub tries: AtomicU32,
    open: AtomicUsize,
    delivery: Mutex<Option<Delivery>>,
    room: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Desk {
    pub fn new(channel_id: ChannelId) -> Self {
        Self {
            channel_id,
            room: Arc::new(Semaphore::new(INBOX)),
            inbox: Mutex::default(),
            in_flight: Mutex::default(),
            instance: tokio::sync::Mutex::new(None),
            limiter: Mutex::new(None),
            threads: Mutex::new(LruCache::new(THREADS)),
            pump_asked: AtomicBool::new(false),
            wake_asked: AtomicBool::new(false),
        }
    }

    /// Takes a webhook in, waiting for room.
    pub async fn put(&self, envelope: InboundV1, delivery: Delivery) {
        // The semaphore is never closed.
        let room = Arc::clone(&self.room).acquire_owned().await.ok();
        let mut inbox = lock(&self.inbox);
        inbox.next += 1;
        let arrival = Arrival {
            number: inbox.next,
            envelope,
            tries: AtomicU32::new(0),
            open: AtomicUsize::new(0),
            delivery: Mutex::new(Some(delivery)),
            room: Mutex::new(room),
        };
        inbox.arrivals.push_back(Arc::new(arrival));
    }

    /// The next webhooks after the given number, in order.
    pub fn after(&self, number: u64, limit: usize) -> Vec<Arc<Arrival>> {
        let inbox = lock(&self.inbox);
        inbox.arrivals.iter().filter(|arrival| arrival.number > number).take(limit).cloned().collect()
    }

    /// Gives back what only speeds things up, for a channel that rests.
    pub fn clear(&self) {
        if let Ok(mut instance) = self.instance.try_lock() {
            *instance = None;
        }
        lock(&self.threads).clear();
    }

    pub fn waiting(&self) -> usize {
        lock(&self.inbox).arrivals.len()
    }

    /// Takes a webhook out that is done, and hands over what acknowledges it.
    pub fn done(&self, arrival: &Arrival) -> Option<Delivery> {
        lock(&self.inbox).arrivals.retain(|known| known.number != arrival.number);
        drop(lock(&arrival.room).take());
        lock(&arrival.delivery).take()
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

impl Arrival {
    /// A webhook that no bus waits for.
    #[cfg(test)]
    pub fn for_test() -> Self {
        use chrono::DateTime;
        use patchbay_domain::{WebhookId, platform::Webhook};
        let at = DateTime::UNIX_EPOCH;
        let webhook = Webhook {
            method: "POST".into(),
            url: "http://localhost/webhook".into(),
            headers: Vec::new(),
            body: Vec::new(),
            received_at: at,
        };
        Self {
            number: 1,
            envelope: InboundV1 { id: WebhookId::at(at), channel_id: ChannelId::at(at), webhook },
            tries: AtomicU32::new(0),
            open: AtomicUsize::new(0),
            delivery: Mutex::default(),
            room: Mutex::default(),
        }
    }

    /// Begins with it anew: `parts` things have to be done.
    pub fn split(&self, parts: usize) {
        self.open.store(parts, Ordering::SeqCst);
    }

    /// One part is done; true when it was the last.
    pub fn part_done(&self) -> bool {
        self.open.fetch_sub(1, Ordering::SeqCst) == 1
    }
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
