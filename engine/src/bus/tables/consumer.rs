//! Feeds a consumer from its partition of the table, while this node holds the
//! partition's lease. When the lease is lost, what is unsettled is void here
//! and comes again to whoever has it next.

use std::{future::Future, sync::Arc, time::Duration};

use chrono::Utc;
use patchbay_store::{Store, StoreError, jobs::Job};
use tokio::time::Instant;

use super::{Health, Lane, Lease};
use crate::{
    batch::Batcher,
    bus::{
        Feed,
        backoff::Backoff,
        shelf::{Acknowledged, Item},
    },
};

/// How soon an idle partition is looked at for what other nodes published.
const SOON: Duration = Duration::from_millis(100);
const LATER: Duration = Duration::from_millis(500);

pub struct Feeder {
    pub store: Store,
    pub lease: Lease,
    pub lane: Arc<Lane>,
    pub deleter: Batcher<Vec<i64>, bool>,
    pub health: Arc<Health>,
    pub feed: Feed,
}

#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error("another node has the lease")]
    Taken,
    #[error("the lease could not be renewed in time")]
    RanOut,
    /// It may pass before the lease runs out.
    #[error("the database failed: {0}")]
    Database(#[from] StoreError),
    #[error("what was acknowledged could not be deleted")]
    NotDeleted,
}

impl Interrupted {
    fn ends_the_lease(&self) -> bool {
        matches!(self, Self::Taken | Self::RanOut)
    }
}

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

    /// Until it is stopped and everything handed out is settled, or the lease is lost.
    async fn work(&mut self) -> Result<(), Interrupted> {
        let mut failures = Backoff::default();
        let mut acknowledged = Vec::new();
        let mut look = Look { wanted: true, idle: SOON, next: Instant::now() };
        while !(self.feed.shelf.is_done() && acknowledged.is_empty()) {
            match self.step(&mut acknowledged, &mut look).await {
                Ok(()) => failures.reset(),
                Err(error) if error.ends_the_lease() => return Err(error),
                Err(error) => {
                    tracing::warn!(lease = self.lease.name(), %error, "the jobs could not be worked; trying again");
                    tokio::time::sleep(failures.pause()).await;
                    continue;
                }
            }
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
    async fn step(&mut self, acknowledged: &mut Vec<Acknowledged>, look: &mut Look) -> Result<(), Interrupted> {
        let Feed { direction, partition, prefetch, .. } = self.feed;
        if self.lease.is_due() {
            let runs_out = self.lease.runs_out();
            let taken = tokio::time::timeout_at(runs_out, self.lease.take()).await.map_err(|_| Interrupted::RanOut)?;
            self.health.note(&taken);
            if !taken? {
                return Err(Interrupted::Taken);
            }
        }
        acknowledged.extend(self.feed.shelf.take_acknowledged().0);
        self.delete(acknowledged).await?;
        if look.wanted && !self.feed.shelf.is_closed() && self.feed.shelf.wants_more(prefetch) {
            let jobs = self.store.jobs(direction, partition, Utc::now(), u32::from(prefetch));
            let jobs = self.in_time(jobs).await?;
            let jobs = jobs?;
            let full = jobs.len() >= usize::from(prefetch);
            let (found, left) = self.put(jobs);
            look.done(found, full || left);
        }
        Ok(())
    }

    async fn delete(&self, acknowledged: &mut Vec<Acknowledged>) -> Result<(), Interrupted> {
        if acknowledged.is_empty() {
            return Ok(());
        }
        let ids = acknowledged.iter().map(|(tag, _)| tag.cast_signed()).collect();
        if self.in_time(self.deleter.run(ids)).await? != Ok(true) {
            return Err(Interrupted::NotDeleted);
        }
        for (_, answer) in acknowledged.drain(..) {
            answer.done();
        }
        Ok(())
    }

    /// Ids may be committed out of their order, so all are read again and those held are skipped. Says
    /// whether there was something new, and whether some of it found no room.
    fn put(&self, jobs: Vec<Job>) -> (bool, bool) {
        let Feed { shelf: held, prefetch, .. } = &self.feed;
        let mut new = jobs.into_iter().filter(|job| !held.holds(job.id.cast_unsigned())).peekable();
        let found = new.peek().is_some();
        for job in new.by_ref().take(held.room(*prefetch)) {
            let Job { id, channel_id, key, payload } = job;
            held.put(id.cast_unsigned(), Item { channel_id, key, payload: payload.into(), redelivered: false });
        }
        (found, new.next().is_some())
    }

    /// What takes longer than the lease lasts is not waited for.
    async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, Interrupted> {
        tokio::time::timeout_at(self.lease.runs_out(), work).await.map_err(|_| Interrupted::RanOut)
    }
}
