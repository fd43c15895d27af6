//! One answer to one waiting caller: what it asked for is done. When the asked
//! one goes away without an answer, the caller learns that too.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::sync::oneshot;

pub struct Answer(oneshot::Sender<()>);

/// Resolves to false when there will be no answer.
pub struct Done(oneshot::Receiver<()>);

pub fn answer() -> (Answer, Done) {
    let (sender, receiver) = oneshot::channel();
    (Answer(sender), Done(receiver))
}

impl Answer {
    pub fn done(self) {
        if self.0.send(()).is_err() {
            tracing::trace!("nobody waits for this answer any more");
        }
    }

    pub fn is_awaited(&self) -> bool {
        !self.0.is_closed()
    }
}

impl Future for Done {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        Pin::new(&mut self.0).poll(context).map(|answered| answered.is_ok())
    }
}
