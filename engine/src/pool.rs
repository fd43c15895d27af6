//! Where the work is done that would hold up an actor's thread: connector
//! calls, HTTP, cryptography. Actors wait for it; they do not do it.

use std::{future::Future, panic::resume_unwind};

use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;

#[derive(Clone, Debug)]
pub struct Pool(Handle);

impl Pool {
    /// The pool of the runtime we are on.
    pub fn current() -> Self {
        Self(Handle::current())
    }

    /// Runs a future on the pool. It ends with the caller, and its panic is the caller's.
    pub async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        match AbortOnDropHandle::new(self.0.spawn(work)).await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The pool is shutting down: whoever waits is being dropped as well.
                Err(_) => std::future::pending().await,
            },
        }
    }

    /// Runs a future that must outlive whoever started it.
    pub fn detach(&self, work: impl Future<Output = ()> + Send + 'static) {
        drop(self.0.spawn(work));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn work_is_done_and_a_panic_reaches_the_caller() {
        let pool = Pool::current();
        assert_eq!(pool.run(async { 7 }).await, 7);
        let caller = tokio::spawn(async move { pool.run(async { panic!("unlucky") }).await });
        assert!(caller.await.unwrap_err().is_panic());
    }
}
