//! Feeds a consumer from its partition of the table, while this node holds the
//! partition's lease. When the lease is lost, what is unsettled is void here
//! and comes again to whoever has it next.

use std::{future::Future, sync::Arc, time::Duration};

use chrono::Utc;
use patchbay_store::{Store, StoreError, jobs::Job};
use tokio::time::Instant;

use super::{Health, Lane, Lease};
use crate::bus::{
    Feed,
    backoff::Backoff,
    shelf::{Acknowledged, Item},
};

/// How soon an idle partition is looked at for what other nodes published.
const SOON: Duration = Duration::from_millis(100);
const LATER: Duration = Duration::from_millis(500);

pub struct Feeder {
    pub store: Store,
    pub lease: Lease,
    pub lane: Arc<Lane>,
    pub health: Arc<Health>,
    pub feed: Feed,
}

#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error("another node has the lease")]
    Taken,
    #[error("the lease could not be renewed in time")]
    RanOut,
}

/// The inner failure is the database's and may pass; the outer one ends the lease.
type Step = Result<Result<(), StoreError>, Interrupted>;

/// When to look at the table again.
struct Look {
    wanted: bool,
    idle: Duration,
    next: Instant,
}

impl Look {
    /// An idle partition is looked at less and less often.
    fn done(&mut self, found: bool, more: bool) {
        self.wanted = more;
        self.idle = if found { SOON } else { (self.idle * 2).min(LATER) };
        self.next = Instant::now() + self.idle;
    }
}

impl Feeder {
    pub async fn run(mut self) {
        let (stop, lane) = (self.feed.stop.clone(), Arc::clone(&self.lane));
        if let Some(_turn) = stop.run_until_cancelled(lane.turn.lock()).await {
            while stop.run_until_cancelled(self.take_lease()).await.is_some() {
                let Err(error) = self.work().await else { break };
                tracing::warn!(lease = self.lease.name(), %error, "consuming was interrupted");
                self.feed.shelf.clear();
            }
            if let Err(error) = self.lease.give_up().await {
                tracing::warn!(lease = self.lease.name(), %error, "the lease could not be given up; it runs out");
            }
        }
        self.feed.shelf.close();
    }

    async fn take_lease(&mut self) {
        let mut failures = Backoff::default();
        loop {
            let taken = self.lease.take().await;
            self.health.note(&taken);
            let pause = match taken {
                Ok(true) => return,
                Ok(false) => LATER,
                Err(error) => {
                    tracing::warn!(lease = self.lease.name(), %error, "the lease could not be taken; trying again");
                    failures.pause()
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Until it is stopped and everything handed out is settled.
    async fn work(&mut self) -> Result<(), Interrupted> {
        let mut failures = Backoff::default();
        let mut acknowledged = Vec::new();
        let mut look = Look { wanted: true, idle: SOON, next: Instant::now() };
        while !(self.feed.shelf.is_done() && acknowledged.is_empty()) {
            if let Err(error) = self.step(&mut acknowledged, &mut look).await? {
                tracing::warn!(lease = self.lease.name(), %error, "the jobs could not be worked; trying again");
                tokio::time::sleep(failures.pause()).await;
                continue;
            }
            failures.reset();
            tokio::select! {
                () = self.feed.shelf.settled() => {}
                () = self.lane.published.notified() => look.wanted = true,
                () = tokio::time::sleep_until(look.next) => look.wanted = true,
                () = self.feed.stop.cancelled(), if !self.feed.shelf.is_closed() => self.feed.shelf.close(),
            }
        }
        Ok(())
    }

    /// Renews the lease when it is time, deletes what was acknowledged, and looks for more when there is
    /// room.
    async fn step(&mut self, acknowledged: &mut Vec<Acknowledged>, look: &mut Look) -> Step {
        if self.lease.is_due() {
            let runs_out = self.lease.runs_out();
            let taken = tokio::time::timeout_at(runs_out, self.lease.take()).await.map_err(|_| Interrupted::RanOut)?;
            self.health.note(&taken);
            match taken {
                Ok(true) => {}
                Ok(false) => return Err(Interrupted::Taken),
                Err(error) => return Ok(Err(error)),
            }
        }
        acknowledged.extend(self.feed.shelf.take_acknowledged().0);
        if let Err(error) = self.delete(acknowledged).await? {
            return Ok(Err(error));
        }
        if look.wanted && !self.feed.shelf.is_closed() && self.feed.shelf.wants_more(self.feed.prefetch) {
            let jobs = self.store.jobs(self.feed.direction, self.feed.partition, Utc::now(), u32::from(self.feed.prefetch));
            match self.in_time(jobs).await? {
                Ok(jobs) => {
                    let full = jobs.len() >= usize::from(self.feed.prefetch);
                    let (found, left) = self.put(jobs);
                    look.done(found, full || left);
                }
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(()))
    }

    async fn delete(&self, acknowledged: &mut Vec<Acknowledged>) -> Step {
        if acknowledged.is_empty() {
            return Ok(Ok(()));
        }
        let ids: Vec<i64> = acknowledged.iter().map(|(tag, _)| tag.cast_signed()).collect();
        let deleted = self.in_time(self.store.delete_jobs(&ids)).await?;
        if deleted.is_ok() {
            for (_, answer) in acknowledged.drain(..) {
                answer.done();
            }
        }
        Ok(deleted)
    }

    /// Ids may be committed out of their order, so all are read again and those held are skipped. Says
    /// whether there was something new, and whether some of it found no room.
    fn put(&self, jobs: Vec<Job>) -> (bool, bool) {
        let shelf = &self.feed.shelf;
        let mut new = jobs.into_iter().filter(|job| !shelf.holds(job.id.cast_unsigned())).peekable();
        let found = new.peek().is_some();
        for job in new.by_ref().take(shelf.room(self.feed.prefetch)) {
            let Job { id, channel_id, key, payload } = job;
            shelf.put(id.cast_unsigned(), Item { channel_id, key, payload: payload.into(), redelivered: false });
        }
        (found, new.next().is_some())
    }

    async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<Result<T, StoreError>, Interrupted> {
        let answer = tokio::time::timeout_at(self.lease.runs_out(), answer).await.map_err(|_| Interrupted::RanOut)?;
        self.health.note(&answer);
        Ok(answer)
    }
}
