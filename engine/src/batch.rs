//! Group commit: callers wait one by one, the work is done for many at once.
//!
//! A [`Batcher`] takes whatever has gathered while the last batch was being
//! worked on, up to a limit, and hands it to one async function. Nobody waits
//! for a timer: under little load a batch is one item, under much it is full.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::sync::{mpsc, oneshot};

const TRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The worker ended before it answered: the process is shutting down, or the work panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the work was interrupted before it was done")]
pub struct Interrupted;

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
