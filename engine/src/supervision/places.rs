//! Where each key's actor is: running, about to start again, or resting.

use std::{
    collections::{VecDeque, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use actix::{Actor, Addr, Context};

use super::{Life, Registry, Supervised};

/// Restarts are counted over this long.
const BUDGET_WINDOW: Duration = Duration::from_mins(1);

pub(super) struct Entry<A: Actor> {
    pub(super) addr: Option<Addr<A>>,
    pub(super) generation: u64,
    pub(super) waiting: Arc<AtomicUsize>,
    pub(super) restarts: u32,
    recent: VecDeque<Instant>,
    start_at: Instant,
    resting: bool,
}

impl<A: Actor> Entry<A> {
    /// What it is doing while it does not run.
    pub(super) fn absence(&self, now: Instant) -> String {
        let wait = self.start_at.saturating_duration_since(now).as_secs();
        if self.resting { format!("resting for {wait} s after too many failures") } else { "restarting".to_owned() }
    }
}

/// Counts one request as long as it is on its way.
pub(super) struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

pub(super) enum Place<A: Actor> {
    Running(Addr<A>, Waiting),
    StartingAt(Instant),
    Resting,
}

impl<A: Supervised> Registry<A> {
    pub(super) fn place(&self, key: A::Key) -> Place<A> {
        let mut entries = self.entries();
        let now = Instant::now();
        let entry = entries.entry(key).or_insert_with(|| Entry {
            addr: None,
            generation: 0,
            waiting: Arc::default(),
            restarts: 0,
            recent: VecDeque::new(),
            start_at: now,
            resting: false,
        });
        if let Some(addr) = entry.addr.take_if(|addr| !addr.connected()) {
            drop(addr);
            self.bury(key, entry, now);
        }
        let addr = match &entry.addr {
            Some(addr) => addr.clone(),
            None if now < entry.start_at && entry.resting => return Place::Resting,
            None if now < entry.start_at => return Place::StartingAt(entry.start_at),
            None => {
                entry.resting = false;
                entry.generation = self.inner.generations.fetch_add(1, Ordering::SeqCst) + 1;
                let addr = self.launch(key, entry.generation);
                entry.addr = Some(addr.clone());
                addr
            }
        };
        entry.waiting.fetch_add(1, Ordering::SeqCst);
        Place::Running(addr, Waiting(Arc::clone(&entry.waiting)))
    }

    /// Notes a death and decides when the next one starts.
    fn bury(&self, key: A::Key, entry: &mut Entry<A>, now: Instant) {
        entry.recent.retain(|at| now.duration_since(*at) < BUDGET_WINDOW);
        let policy = self.inner.policy;
        let recent = u32::try_from(entry.recent.len()).unwrap_or(u32::MAX);
        entry.resting = recent >= policy.budget;
        let delay = if entry.resting {
            policy.rest
        } else {
            policy.first_delay.saturating_mul(1 << recent.min(16)).min(policy.longest_delay)
        };
        entry.recent.push_back(now);
        entry.restarts += 1;
        entry.start_at = now + delay;
        metrics::counter!("patchbay_actor_restarts_total", "kind" => A::KIND).increment(1);
        tracing::error!(
            actor.kind = A::KIND,
            actor.key = %key,
            restarts = entry.restarts,
            resting = entry.resting,
            delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
            "an actor died and will be started again"
        );
    }

    fn launch(&self, key: A::Key, generation: u64) -> Addr<A> {
        let life = Life { registry: self.clone(), key, generation };
        let seed = Arc::clone(&self.inner.seed);
        let create = move |_: &mut Context<A>| A::begin(key, life, &seed);
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % (self.inner.arbiters.len().max(1) as u64)).unwrap_or(0);
        match self.inner.arbiters.get(index) {
            Some(arbiter) => A::start_in_arbiter(arbiter, create),
            // As in unit tests: the arbiter we are on.
            None => A::create(create),
        }
    }
}
