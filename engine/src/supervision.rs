//! Supervision of actors. actix's own supervisor shares its actor's task, so a
//! panic ends both; here a registry owns every address instead. It starts an
//! actor when it is first asked, notices a closed address, starts the actor
//! again after a growing pause, and tells who has died how often.
//!
//! An actor's life: `ask` starts it; it loads what it needs from the store; it
//! ends when it retires because nobody asks any more, or by
//! a panic. After a panic whoever was waiting asks again, so its work is done
//! by the next one; an input that kills the actor `TRIES` times is given back
//! as [`AskError::Failing`].
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

#[derive(Debug, Clone, Serialize)]
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
        let mut entries = self.registry.entries();
        let mine = entries
            .get(&self.key)
            .is_some_and(|entry| entry.generation == self.generation && entry.waiting.load(Ordering::SeqCst) == 0);
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
}

struct Entry<A: Actor> {
    addr: Option<Addr<A>>,
    generation: u64,
    waiting: Arc<AtomicUsize>,
    restarts: u32,
    recent: VecDeque<Instant>,
    start_at: Instant,
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

enum Place<A: Actor> {
    Running(Addr<A>, Waiting),
    StartingAt(Instant),
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

    /// What each actor is doing, at most a thousand of them.
    pub async fn snapshots(&self) -> Vec<ActorSnapshot> {
        let running: Vec<_> = self
            .entries()
            .iter()
            .take(SNAPSHOTS)
            .map(|(key, entry)| (*key, entry.addr.clone(), entry.waiting.load(Ordering::SeqCst), entry.restarts))
            .collect();
        let describe = running.into_iter().map(|(key, addr, mailbox, restarts)| async move {
            let state = match addr {
                Some(addr) => match tokio::time::timeout(SNAPSHOT_PATIENCE, addr.send(Describe)).await {
                    Ok(Ok(state)) => state,
                    Ok(Err(_)) => "restarting".to_owned(),
                    Err(_) => "busy".to_owned(),
                },
                None => "restarting".to_owned(),
            };
            ActorSnapshot { kind: A::KIND, key: key.to_string(), state, mailbox, restarts }
        });
        futures_util::future::join_all(describe).await
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
        });
        if let Some(addr) = entry.addr.take_if(|addr| !addr.connected()) {
            drop(addr);
            self.bury(key, entry, now);
        }
        let addr = match &entry.addr {
            Some(addr) => addr.clone(),
            None if now < entry.start_at => return Place::StartingAt(entry.start_at),
            None => {
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
        let doublings = u32::try_from(entry.recent.len()).unwrap_or(u32::MAX).min(16);
        let delay = policy.first_delay.saturating_mul(1 << doublings).min(policy.longest_delay);
        entry.recent.push_back(now);
        entry.restarts += 1;
        entry.start_at = now + delay;
        metrics::counter!("patchbay_actor_restarts_total", "kind" => A::KIND).increment(1);
        tracing::error!(
            actor.kind = A::KIND,
            actor.key = %key,
            restarts = entry.restarts,
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
mod tests {
    use super::*;

    struct Counter {
        count: u32,
        life: Life<Self>,
    }

    impl Actor for Counter {
        type Context = Context<Self>;
    }

    impl Supervised for Counter {
        type Key = u32;
        type Seed = AtomicUsize;
        const KIND: &'static str = "counter";

        fn begin(_: u32, life: Life<Self>, seed: &Arc<AtomicUsize>) -> Self {
            seed.fetch_add(1, Ordering::SeqCst);
            Self { count: 0, life }
        }
    }

    impl Handler<Describe> for Counter {
        type Result = String;
        fn handle(&mut self, _: Describe, _: &mut Context<Self>) -> String {
            format!("at {}", self.count)
        }
    }

    #[derive(Message)]
    #[rtype(result = "u32")]
    struct Add(u32);

    impl Handler<Add> for Counter {
        type Result = u32;
        fn handle(&mut self, Add(amount): Add, _: &mut Context<Self>) -> u32 {
            assert!(amount != 13, "unlucky");
            self.count += amount;
            self.count
        }
    }

    #[derive(Message)]
    #[rtype(result = "bool")]
    struct Retire;

    impl Handler<Retire> for Counter {
        type Result = bool;
        fn handle(&mut self, _: Retire, _: &mut Context<Self>) -> bool {
            self.life.retire()
        }
    }

    fn registry() -> (Registry<Counter>, Arc<AtomicUsize>) {
        let started = Arc::new(AtomicUsize::new(0));
        let policy = RestartPolicy { first_delay: Duration::from_millis(1), longest_delay: Duration::from_millis(4) };
        (Registry::new(Vec::new(), Arc::clone(&started), policy), started)
    }

    #[actix::test]
    async fn one_actor_serves_a_key() {
        let (registry, started) = registry();
        assert_eq!(registry.ask(1, || Add(2)).await, Ok(2));
        assert_eq!(registry.ask(1, || Add(3)).await, Ok(5));
        assert_eq!(registry.ask(2, || Add(1)).await, Ok(1));
        assert_eq!(started.load(Ordering::SeqCst), 2);
        let mut snapshots = registry.snapshots().await;
        snapshots.sort_by(|a, b| a.key.cmp(&b.key));
        assert_eq!(snapshots[0].state, "at 5");
        assert_eq!(snapshots[0].restarts, 0);
    }

    #[actix::test]
    async fn a_panic_ends_one_actor_which_starts_again() {
        let (registry, started) = registry();
        assert_eq!(registry.ask(1, || Add(2)).await, Ok(2));
        assert_eq!(registry.ask(2, || Add(2)).await, Ok(2));
        assert_eq!(registry.ask(1, || Add(13)).await, Err(AskError::Failing));
        assert_eq!(registry.ask(1, || Add(7)).await, Ok(7));
        assert_eq!(registry.ask(2, || Add(1)).await, Ok(3));
        let started = started.load(Ordering::SeqCst);
        assert_eq!(started, 2 + TRIES as usize);
        let restarts: u32 = registry.snapshots().await.iter().map(|snapshot| snapshot.restarts).sum();
        assert_eq!(restarts, TRIES);
    }

    #[actix::test]
    async fn an_actor_does_not_retire_while_somebody_waits() {
        let (registry, _) = registry();
        assert_eq!(registry.ask(1, || Retire).await, Ok(false));
        assert_eq!(registry.len(), 1);
    }
}
