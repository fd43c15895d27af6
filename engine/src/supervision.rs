//! Supervision of actors. actix's own supervisor shares its actor's task, so a
//! panic ends both; here a registry owns every address instead. It starts an
//! actor when it is first asked, notices a closed address, starts the actor
//! again after a growing pause, and tells who has died how often. One that dies
//! more often than its budget allows rests, and is then tried again.
//!
//! An actor's life: `ask` starts it; it loads what it needs from the store; it
//! ends when it retires because nobody asks any more, or by
//! a panic. After a panic whoever was waiting asks again, so its work is done
//! by the next one; an input that kills the actor `TRIES` times is given back
//! as [`AskError::Failing`]. While an actor rests, nobody waits for it: whoever
//! asks has [`AskError::Resting`] at once.
//!
//! To add a kind: implement [`Supervised`] and make a `Registry` in `app.rs`.

use std::{
    collections::{HashMap, VecDeque, hash_map::DefaultHasher},
    fmt::Display,
    hash::{Hash, Hasher},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use actix::{Actor, Addr, ArbiterHandle, Context, Handler, Message};
use schemars::JsonSchema;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

/// How often one input may find its actor dead before it is blamed for it.
const TRIES: u32 = 3;
/// Restarts are counted over this long.
const BUDGET_WINDOW: Duration = Duration::from_mins(1);
const SNAPSHOT_PATIENCE: Duration = Duration::from_secs(1);
const SNAPSHOTS: usize = 1_000;

/// An actor that the registry can start and start again.
pub trait Supervised: Actor<Context = Context<Self>> + Handler<Describe> {
    type Key: Copy + Eq + Hash + Display + Send + Sync + Unpin + 'static;
    type Seed: Send + Sync + 'static;
    const KIND: &'static str;

    fn begin(key: Self::Key, life: Life<Self>, seed: &Arc<Self::Seed>) -> Self;
}

/// Asks an actor for one word or sentence on what it is doing.
#[derive(Message)]
#[rtype(result = "String")]
pub struct Describe;

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ActorSnapshot {
    pub kind: &'static str,
    pub key: String,
    pub state: String,
    /// Requests that wait for it or are being worked on.
    pub mailbox: usize,
    pub restarts: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    #[error("the actor failed on this input again and again")]
    Failing,
    #[error("the actor failed too often and rests for a while")]
    Resting,
}

/// Which of a key's successive actors this is; held by the actor so that it can retire.
pub struct Life<A: Supervised> {
    registry: Registry<A>,
    key: A::Key,
    generation: u64,
}

impl<A: Supervised> Life<A> {
    pub fn registry(&self) -> Registry<A> {
        self.registry.clone()
    }

    /// Gives the place up if nobody is waiting. The actor stops itself when this is true.
    pub fn retire(&self) -> bool {
        self.leave(&mut self.registry.entries(), 0)
    }

    /// The same for an actor that is about to answer its only request, where more than `crowd` of its kind are awake.
    pub fn retire_from(&self, crowd: usize) -> bool {
        let mut entries = self.registry.entries();
        entries.len() > crowd && self.leave(&mut entries, 1)
    }

    fn leave(&self, entries: &mut HashMap<A::Key, Entry<A>>, waiting: usize) -> bool {
        let mine = entries.get(&self.key).is_some_and(|entry| {
            entry.generation == self.generation && entry.waiting.load(Ordering::SeqCst) <= waiting
        });
        if mine {
            entries.remove(&self.key);
        }
        mine
    }
}

#[derive(Clone, Copy, Debug)]
pub struct RestartPolicy {
    pub first_delay: Duration,
    pub longest_delay: Duration,
    /// Restarts within a minute after which the next death is followed by a rest.
    pub budget: u32,
    pub rest: Duration,
}

struct Entry<A: Actor> {
    addr: Option<Addr<A>>,
    generation: u64,
    waiting: Arc<AtomicUsize>,
    restarts: u32,
    recent: VecDeque<Instant>,
    start_at: Instant,
    resting: bool,
}

impl<A: Actor> Entry<A> {
    /// What it is doing while it does not run.
    fn absence(&self, now: Instant) -> String {
        let wait = self.start_at.saturating_duration_since(now).as_secs();
        if self.resting { format!("resting for {wait} s after too many failures") } else { "restarting".to_owned() }
    }
}

struct Inner<A: Supervised> {
    entries: Mutex<HashMap<A::Key, Entry<A>>>,
    arbiters: Vec<ArbiterHandle>,
    seed: Arc<A::Seed>,
    policy: RestartPolicy,
    generations: AtomicU64,
}

pub struct Registry<A: Supervised> {
    inner: Arc<Inner<A>>,
}

impl<A: Supervised> Clone for Registry<A> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

/// Counts one request as long as it is on its way.
struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// An actor that is about to be described.
struct Known<A: Supervised> {
    key: A::Key,
    addr: Option<Addr<A>>,
    absence: String,
    mailbox: usize,
    restarts: u32,
}

impl<A: Supervised> Known<A> {
    async fn describe(self) -> ActorSnapshot {
        let Self { key, addr, absence, mailbox, restarts } = self;
        let state = match addr {
            Some(addr) => match tokio::time::timeout(SNAPSHOT_PATIENCE, addr.send(Describe)).await {
                Ok(Ok(state)) => state,
                Ok(Err(_)) => absence,
                Err(_) => "busy".to_owned(),
            },
            None => absence,
        };
        ActorSnapshot { kind: A::KIND, key: key.to_string(), state, mailbox, restarts }
    }
}

enum Place<A: Actor> {
    Running(Addr<A>, Waiting),
    StartingAt(Instant),
    Resting,
}

impl<A: Supervised> Registry<A> {
    /// Actors are spread over the arbiters by key.
    pub fn new(arbiters: Vec<ArbiterHandle>, seed: Arc<A::Seed>, policy: RestartPolicy) -> Self {
        Self {
            inner: Arc::new(Inner {
                entries: Mutex::new(HashMap::new()),
                arbiters,
                seed,
                policy,
                generations: AtomicU64::new(0),
            }),
        }
    }

    /// Sends a message and waits for the answer, starting the actor if need be.
    pub async fn ask<M>(&self, key: A::Key, message: impl Fn() -> M) -> Result<M::Result, AskError>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        let mut failures = 0;
        loop {
            let (addr, waiting) = match self.place(key) {
                Place::Running(addr, waiting) => (addr, waiting),
                Place::StartingAt(at) => {
                    tokio::time::sleep_until(at.into()).await;
                    continue;
                }
                Place::Resting => return Err(AskError::Resting),
            };
            if let Ok(answer) = addr.send(message()).await {
                return Ok(answer);
            }
            drop(waiting);
            ended(&addr).await;
            failures += 1;
            if failures == TRIES {
                return Err(AskError::Failing);
            }
        }
    }

    pub fn len(&self) -> usize {
        self.entries().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Starts again what has died, until stopped.
    pub async fn supervise(self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(Duration::from_millis(250));
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            let dead: Vec<A::Key> = self
                .entries()
                .iter()
                .filter(|(_, entry)| !entry.addr.as_ref().is_some_and(Addr::connected))
                .map(|(key, _)| *key)
                .collect();
            for key in dead {
                drop(self.place(key));
            }
            metrics::gauge!("patchbay_actors", "kind" => A::KIND).set(self.len() as f64);
        }
    }

    /// What each actor is doing: at most a thousand of them, those that died most first, then what is left out.
    pub async fn snapshots(&self) -> Vec<ActorSnapshot> {
        let mut known: Vec<Known<A>> = self.known(Instant::now());
        known.sort_by_key(|known| std::cmp::Reverse(known.restarts));
        let left_out = known.split_off(known.len().min(SNAPSHOTS));
        let mut snapshots = futures_util::future::join_all(known.into_iter().map(Known::describe)).await;
        if !left_out.is_empty() {
            snapshots.push(ActorSnapshot {
                kind: A::KIND,
                key: "*".to_owned(),
                state: format!("{} more are not shown one by one", left_out.len()),
                mailbox: left_out.iter().map(|known| known.mailbox).sum(),
                restarts: left_out.iter().map(|known| known.restarts).sum(),
            });
        }
        snapshots
    }

    fn known(&self, now: Instant) -> Vec<Known<A>> {
        let entries = self.entries();
        let known = entries.iter().map(|(key, entry)| Known {
            key: *key,
            addr: entry.addr.clone(),
            absence: entry.absence(now),
            mailbox: entry.waiting.load(Ordering::SeqCst),
            restarts: entry.restarts,
        });
        known.collect()
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<A::Key, Entry<A>>> {
        self.inner.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, key: A::Key) -> Place<A> {
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

/// A panic takes the answer away a little before the mailbox: who asked again in between would find the same actor dead
/// and count one death twice. One that lives on has failed on this message alone.
async fn ended<A: Actor>(addr: &Addr<A>) {
    for _ in 0..50 {
        if !addr.connected() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[cfg(test)]
mod tests;
