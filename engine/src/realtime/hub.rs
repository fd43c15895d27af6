//! Follows the event logs of the organisations that have clients connected here,
//! each once, and hands what happens to every one of them.
//!
//! A commit of this node wakes it; what other nodes commit it finds by looking.
//! A client whose queue is full is cut off: nothing waits for it, and nothing
//! that it does not take is kept.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use patchbay_domain::OrganisationId;
use patchbay_store::{Store, StoreError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::{Happening, Subscription, log};
use crate::config;

/// How often the logs are looked at for what other nodes committed.
const LOOK: Duration = Duration::from_millis(150);
/// Commits that follow each other this closely are read together.
const GATHER: Duration = Duration::from_millis(10);
/// Events read at once.
const PAGE: u32 = 200;

/// Cheap to clone.
#[derive(Clone)]
pub struct Hub {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    queue: usize,
    feeds: Mutex<HashMap<OrganisationId, Feed>>,
    seats: Arc<Semaphore>,
    stopping: CancellationToken,
}

/// One organisation's clients, and how far they were given its log.
struct Feed {
    position: i64,
    clients: Vec<Client>,
}

struct Client {
    queue: mpsc::Sender<Arc<Happening>>,
    slow: CancellationToken,
}

/// What happens after `from`.
pub(super) struct Live {
    pub(super) queue: mpsc::Receiver<Arc<Happening>>,
    pub(super) from: i64,
}

impl Hub {
    pub fn new(store: Store, config: &config::Realtime) -> Self {
        let seats = Arc::new(Semaphore::new(config.connections));
        let (feeds, stopping) = (Mutex::default(), CancellationToken::new());
        Self { inner: Arc::new(Inner { store, queue: config.queue, feeds, seats, stopping }) }
    }

    /// Everything after the cursor; without one, from now on.
    pub async fn subscribe(
        &self,
        organisation: OrganisationId,
        cursor: Option<i64>,
    ) -> Result<Subscription, StoreError> {
        let cursor = match cursor {
            Some(cursor) => cursor,
            None => self.inner.store.newest_event(organisation).await?,
        };
        Ok(Subscription::new(self.clone(), organisation, cursor))
    }

    /// A place for one more connection; none where there are as many as this node takes.
    pub fn seat(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.inner.seats).try_acquire_owned().ok()
    }

    /// Sends every client away: they come back to another node, or to this one when it serves again.
    pub fn stop(&self) {
        self.inner.stopping.cancel();
    }

    pub fn stopping(&self) -> &CancellationToken {
        &self.inner.stopping
    }

    pub(super) fn store(&self) -> &Store {
        &self.inner.store
    }

    /// A queue for one more client; `slow` is cancelled when it is cut off.
    pub(super) async fn join(&self, organisation: OrganisationId, slow: CancellationToken) -> Result<Live, StoreError> {
        let newest = self.inner.store.newest_event(organisation).await?;
        let (sender, queue) = mpsc::channel(self.inner.queue);
        let mut feeds = self.feeds();
        let feed = feeds.entry(organisation).or_insert_with(|| Feed { position: newest, clients: Vec::new() });
        feed.clients.push(Client { queue: sender, slow });
        Ok(Live { queue, from: feed.position })
    }

    /// Follows the logs until stopped.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.inner.store.committed() => tokio::time::sleep(GATHER).await,
                () = tokio::time::sleep(LOOK) => {}
            }
            if let Err(error) = self.round().await {
                tracing::debug!(%error, "the event log could not be read; looking again");
            }
        }
        self.stop();
    }

    async fn round(&self) -> Result<(), StoreError> {
        let followed = self.followed();
        if followed.is_empty() {
            return Ok(());
        }
        for (organisation, newest) in self.inner.store.newest_events(&followed).await? {
            match self.catch_up(organisation, newest).await {
                // What a newer version beside this one commits it may not be able to read: others need not wait for that.
                Err(error) if !error.is_retryable() => {
                    tracing::debug!(organisation.id = %organisation, %error, "an event log cannot be read; looking again");
                }
                caught_up => caught_up?,
            }
        }
        Ok(())
    }

    async fn catch_up(&self, organisation: OrganisationId, newest: i64) -> Result<(), StoreError> {
        while let Some(position) = self.behind(organisation, newest) {
            self.advance(organisation, position, newest).await?;
        }
        Ok(())
    }

    /// The organisations that have clients, once those are left out that went.
    fn followed(&self) -> Vec<OrganisationId> {
        let mut feeds = self.feeds();
        feeds.retain(|_, feed| {
            feed.clients.retain(|client| !client.queue.is_closed());
            !feed.clients.is_empty()
        });
        metrics::gauge!("patchbay_realtime_clients")
            .set(feeds.values().map(|feed| feed.clients.len()).sum::<usize>() as f64);
        feeds.keys().copied().collect()
    }

    fn behind(&self, organisation: OrganisationId, newest: i64) -> Option<i64> {
        self.feeds().get(&organisation).map(|feed| feed.position).filter(|position| *position < newest)
    }

    async fn advance(&self, organisation: OrganisationId, position: i64, newest: i64) -> Result<(), StoreError> {
        let store = &self.inner.store;
        let changes = store.events_after(organisation, position, PAGE).await?;
        let happenings = log::described(store, organisation, changes).await?;
        let mut feeds = self.feeds();
        let Some(feed) = feeds.get_mut(&organisation) else { return Ok(()) };
        // Where nothing is left of what there was, each client finds the gap and asks the log.
        feed.position = happenings.last().map_or(newest, |last| last.sequence);
        feed.clients.retain(|client| client.take(&happenings));
        Ok(())
    }

    fn feeds(&self) -> MutexGuard<'_, HashMap<OrganisationId, Feed>> {
        self.inner.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    /// False when it is gone, or too slow.
    fn take(&self, happenings: &[Arc<Happening>]) -> bool {
        for happening in happenings {
            match self.queue.try_send(Arc::clone(happening)) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Closed(_)) => return false,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    metrics::counter!("patchbay_realtime_cut_off_total").increment(1);
                    self.slow.cancel();
                    return false;
                }
            }
        }
        true
    }
}
