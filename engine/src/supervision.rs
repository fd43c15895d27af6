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

mod places;
mod snapshots;

use std::{
    collections::HashMap,
    fmt::Display,
    hash::Hash,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actix::{Actor, Addr, ArbiterHandle, Context, Handler, Message};
use places::{Entry, Place};
pub use snapshots::ActorSnapshot;
use tokio_util::sync::CancellationToken;

/// How often one input may find its actor dead before it is blamed for it.
const TRIES: u32 = 3;

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

    fn entries(&self) -> MutexGuard<'_, HashMap<A::Key, Entry<A>>> {
        self.inner.entries.lock().unwrap_or_else(PoisonError::into_inner)
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
