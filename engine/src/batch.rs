//! Group commit: callers wait one by one, the work is done for many at once.
//!
//! A [`Batcher`] takes whatever has gathered while the last batch was being
//! worked on, up to a limit, and hands it to one async function. Under little
//! load a batch is one item and nobody waits for a timer. Where much comes, what
//! a batch costs beside its items is worth a moment's wait, if its owner says so: a
//! pace is how long after a batch of many the next one begins, at the soonest.

use std::{
    future::Future,
    hash::{DefaultHasher, Hash, Hasher},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};

use futures_util::FutureExt;
use patchbay_store::Store;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use uuid::Uuid;

const TRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// From so many items on, a batch is one of many that come.
const MANY: usize = 8;

/// The worker ended before it answered: the process is shutting down, or the work panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the work was interrupted before it was done")]
pub struct Interrupted;

/// The work panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the engine failed on it")]
pub struct Panicked;

/// Work for many of which one may be its end: whoever does it lives on, and may do it for each alone.
pub async fn survive<T>(work: impl Future<Output = T>) -> Result<T, Panicked> {
    AssertUnwindSafe(work).catch_unwind().await.map_err(|_| Panicked)
}

pub struct Batcher<T, R> {
    queue: mpsc::Sender<(T, oneshot::Sender<R>)>,
}

impl<T, R> Clone for Batcher<T, R> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<T: Send + 'static, R: Send + 'static> Batcher<T, R> {
    /// `work` must answer each item, in order. At most `limit` items are worked on at once by each of
    /// `workers`, and as many more wait; further callers wait to be let in.
    pub fn spawn<F, Fut>(limit: usize, workers: usize, work: F) -> Self
    where
        F: Fn(Vec<T>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Vec<R>> + Send,
    {
        Self::spawn_paced(limit, workers, Duration::ZERO, work)
    }

    fn spawn_paced<F, Fut>(limit: usize, workers: usize, pace: Duration, work: F) -> Self
    where
        F: Fn(Vec<T>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Vec<R>> + Send,
    {
        let (queue, items) = mpsc::channel(limit * workers);
        let items = Arc::new(tokio::sync::Mutex::new(items));
        let work = Arc::new(work);
        for _ in 0..workers {
            let (items, work) = (Arc::clone(&items), Arc::clone(&work));
            tokio::spawn(async move {
                loop {
                    let mut batch = Vec::new();
                    if items.lock().await.recv_many(&mut batch, limit).await == 0 {
                        return;
                    }
                    let begun = Instant::now();
                    let next = if batch.len() < MANY { begun } else { begun + pace };
                    let (inputs, callers): (Vec<T>, Vec<oneshot::Sender<R>>) = batch.into_iter().unzip();
                    // In a task of its own, so that a panic fails this batch and not every later one.
                    let answers = tokio::spawn({
                        let work = Arc::clone(&work);
                        async move { work(inputs).await }
                    });
                    match answers.await {
                        Ok(answers) => {
                            for (caller, answer) in callers.into_iter().zip(answers) {
                                // A caller that went away no longer wants its answer.
                                drop(caller.send(answer));
                            }
                        }
                        Err(panic) => tracing::error!(error = %panic, "a batch failed"),
                    }
                    tokio::time::sleep_until(next).await;
                }
            });
        }
        Self { queue }
    }

    /// As [`run`](Self::run), for work that may be done twice: an item whose batch was interrupted is tried again.
    /// One that takes every batch with it is given back in the end.
    pub async fn run_again(&self, item: T) -> Result<R, Interrupted>
    where
        T: Clone,
    {
        let mut pause = FIRST_PAUSE;
        for _ in 1..TRIES {
            if let Ok(answer) = self.run(item.clone()).await {
                return Ok(answer);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.run(item).await
    }

    /// Waits until the item's batch is done.
    pub async fn run(&self, item: T) -> Result<R, Interrupted> {
        let (caller, answer) = oneshot::channel();
        self.queue.send((item, caller)).await.map_err(|_| Interrupted)?;
        answer.await.map_err(|_| Interrupted)
    }
}

/// Organisations lock nothing of each other's on PostgreSQL; SQLite has one writer, and more batches would only be
/// smaller ones.
pub fn organisation_shards(store: &Store) -> usize {
    if store.is_embedded() { 1 } else { 8 }
}

/// As many [`Batcher`]s as it takes that what is locked for one owner holds up few others: all of an owner's items go
/// together, in the batches of one worker.
pub struct Shards<T, R>(Arc<[Batcher<T, R>]>);

impl<T, R> Clone for Shards<T, R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Send + 'static, R: Send + 'static> Shards<T, R> {
    pub fn spawn<F, Fut>(shards: usize, limit: usize, pace: Duration, work: F) -> Self
    where
        F: Fn(Vec<T>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Vec<R>> + Send + 'static,
    {
        Self((0..shards.max(1)).map(|_| Batcher::spawn_paced(limit, 1, pace, work.clone())).collect())
    }

    pub async fn run(&self, owner: Uuid, item: T) -> Result<R, Interrupted> {
        self.of(owner)?.run(item).await
    }

    pub async fn run_again(&self, owner: Uuid, item: T) -> Result<R, Interrupted>
    where
        T: Clone,
    {
        self.of(owner)?.run_again(item).await
    }

    fn of(&self, owner: Uuid) -> Result<&Batcher<T, R>, Interrupted> {
        let mut hasher = DefaultHasher::new();
        owner.hash(&mut hasher);
        let place = hasher.finish() % self.0.len().max(1) as u64;
        usize::try_from(place).ok().and_then(|place| self.0.get(place)).ok_or(Interrupted)
    }
}

/// How many of the first go together: those that stay below so many bytes, and the one that reaches them.
pub fn together(sizes: impl IntoIterator<Item = usize>, bytes: usize) -> usize {
    let mut sum = 0;
    let fits = |size: &usize| {
        let fits = sum < bytes;
        sum += size;
        fits
    };
    sizes.into_iter().take_while(fits).count()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn what_gathers_is_worked_on_together_and_answered_in_order() {
        let batches = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&batches);
        let batcher = Batcher::spawn(64, 1, move |items: Vec<u32>| {
            counted.fetch_add(1, Ordering::SeqCst);
            async move {
                tokio::task::yield_now().await;
                items.into_iter().map(|item| item * 2).collect()
            }
        });
        let calls: Vec<_> = (0..100)
            .map(|item| {
                tokio::spawn({
                    let b = batcher.clone();
                    async move { b.run(item).await }
                })
            })
            .collect();
        for (item, call) in calls.into_iter().enumerate() {
            assert_eq!(call.await.unwrap(), Ok(u32::try_from(item).unwrap() * 2));
        }
        assert!(batches.load(Ordering::SeqCst) < 100);
    }

    #[tokio::test]
    async fn an_owner_that_is_held_up_holds_up_few_others_and_its_items_go_together() {
        let (release, held) = tokio::sync::watch::channel(false);
        let shards = Shards::spawn(8, 64, Duration::ZERO, move |owners: Vec<u128>| {
            let mut held = held.clone();
            async move {
                if owners.contains(&0) {
                    drop(held.wait_for(|released| *released).await);
                }
                vec![owners.len(); owners.len()]
            }
        });
        let run = |owner: u128| {
            let shards = shards.clone();
            tokio::spawn(async move { shards.run(Uuid::from_u128(owner), owner).await })
        };
        let first = run(0);
        tokio::task::yield_now().await;
        let own: Vec<_> = (0..64).map(|_| run(0)).collect();
        let others: Vec<_> = (1..=64).map(run).collect();
        let mut beside = 0;
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
            beside = others.iter().filter(|other| other.is_finished()).count();
        }
        assert!((40..64).contains(&beside), "{beside} of 64 went on");
        release.send(true).unwrap();
        first.await.unwrap().unwrap();
        for item in own {
            assert!(item.await.unwrap().unwrap() > 32, "an owner's items went one by one");
        }
    }

    async fn run_paced(pace: Duration, counts: &[usize]) -> Vec<usize> {
        let shards = Shards::spawn(1, 64, pace, |items: Vec<usize>| async move { vec![items.len(); items.len()] });
        let mut sizes = Vec::new();
        for count in counts {
            let items = (0..*count).map(|item| shards.run(Uuid::nil(), item));
            sizes.extend(futures_util::future::join_all(items).await.into_iter().flatten().next());
        }
        sizes
    }

    #[tokio::test]
    async fn after_a_batch_of_many_more_gather_and_after_a_small_one_nobody_waits() {
        let begun = Instant::now();
        assert_eq!(run_paced(Duration::from_millis(40), &[MANY, 2]).await, [MANY, 2]);
        assert!(begun.elapsed() >= Duration::from_millis(40));
        // It would never end.
        assert_eq!(run_paced(Duration::from_hours(24), &[1, MANY - 1, MANY]).await, [1, MANY - 1, MANY]);
    }

    #[test]
    fn a_batch_ends_with_what_reaches_its_bytes() {
        assert_eq!(together([3, 3, 3, 3], 9), 3);
        assert_eq!(together([3, 3, 3, 3], 10), 4);
        assert_eq!(together([100, 1], 9), 1);
        assert_eq!(together([], 9), 0);
    }

    #[tokio::test]
    async fn a_panic_fails_its_batch_and_nothing_after_it() {
        let batcher = Batcher::spawn(1, 1, |items: Vec<u32>| async move {
            assert!(items[0] != 13, "unlucky");
            items
        });
        assert_eq!(batcher.run(13).await, Err(Interrupted));
        assert_eq!(batcher.run(14).await, Ok(14));
    }

    #[tokio::test]
    async fn what_was_interrupted_is_tried_again_but_not_for_ever() {
        let batches = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&batches);
        let batcher = Batcher::spawn(1, 1, move |items: Vec<usize>| {
            let number = counted.fetch_add(1, Ordering::SeqCst);
            async move {
                assert!(number >= items[0], "not yet");
                items
            }
        });
        assert_eq!(batcher.run_again(3).await, Ok(3));
        assert_eq!(batches.load(Ordering::SeqCst), 4);
        assert_eq!(batcher.run_again(1_000).await, Err(Interrupted));
        assert_eq!(batches.load(Ordering::SeqCst), 4 + TRIES as usize);
    }
}
