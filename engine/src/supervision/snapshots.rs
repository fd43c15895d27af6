//! What actors are doing, for operators.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use actix::Addr;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Describe, Registry, Supervised};

const SNAPSHOT_PATIENCE: Duration = Duration::from_secs(1);
const SNAPSHOTS: usize = 1_000;

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ActorSnapshot {
    pub kind: &'static str,
    pub key: String,
    pub state: String,
    /// Requests that wait for it or are being worked on.
    pub mailbox: usize,
    pub restarts: u32,
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

impl<A: Supervised> Registry<A> {
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
}
