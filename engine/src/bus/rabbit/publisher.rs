//! The one publisher of a node: a single channel, so that order is kept, with
//! many publications on their way to be confirmed. When the connection is lost,
//! or the broker returns or refuses one, all that is unconfirmed is published
//! again, in order, on the next connection.

use std::{
    collections::BTreeMap,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use lapin::{
    BasicProperties, Channel, Confirmation,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::ShortString,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::MissedTickBehavior,
};
use tokio_util::sync::CancellationToken;

use super::{declare, link::Link};
use crate::bus::{
    BusError, Publication,
    answer::{Answer, Done, answer},
    backoff::Backoff,
};

/// Publications waiting for their confirm, and as many more waiting to be sent.
const IN_FLIGHT: usize = 1024;
/// The bytes of all of them; more wait outside.
const IN_FLIGHT_BYTES: usize = 64 << 20;
/// What RabbitMQ takes in one message unless it is told otherwise. One that is larger would cost all the others their
/// channel, again and again.
const LARGEST: usize = 16 << 20;
/// How often a silent connection is looked at.
const CHECK: Duration = Duration::from_millis(500);
const PERSISTENT: u8 = 2;

pub struct Message {
    queue: ShortString,
    properties: BasicProperties,
    payload: String,
}

impl Message {
    pub fn new(queue: String, publication: Publication) -> Self {
        let Publication { channel_id, key, payload } = publication;
        let properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_content_type("application/json".into())
            .with_message_id(key.to_string().into())
            .with_correlation_id(channel_id.to_string().into());
        Self { queue: queue.into(), properties, payload }
    }
}

struct Outgoing {
    message: Arc<Message>,
    durable: Answer,
    /// Its share of the bytes in flight.
    _bytes: OwnedSemaphorePermit,
}

pub struct Publisher {
    outgoing: mpsc::Sender<Outgoing>,
    bytes: Arc<Semaphore>,
}

impl Publisher {
    pub fn spawn(link: Arc<Link>, queues: Arc<[String]>, closed: CancellationToken) -> Self {
        let (outgoing, queue) = mpsc::channel(IN_FLIGHT);
        tokio::spawn(async move {
            let failures = Backoff::default();
            let pipeline = Pipeline { outgoing: queue, queues, unconfirmed: BTreeMap::new(), next: 0, failures };
            closed.run_until_cancelled(pipeline.run(&link)).await
        });
        Self { outgoing, bytes: Arc::new(Semaphore::new(IN_FLIGHT_BYTES)) }
    }

    pub async fn submit(&self, message: Arc<Message>) -> Result<Done, BusError> {
        let size = message.payload.len();
        let share = u32::try_from(size).ok().filter(|_| size <= LARGEST).ok_or(BusError::TooLarge(size))?;
        let bytes = Arc::clone(&self.bytes).acquire_many_owned(share).await.map_err(|_| BusError::Closed)?;
        let (durable, confirmed) = answer();
        let outgoing = Outgoing { message, durable, _bytes: bytes };
        self.outgoing.send(outgoing).await.map_err(|_| BusError::Closed)?;
        Ok(confirmed)
    }
}

type Numbered = (u64, lapin::Result<Confirmation>);
type Confirming = FuturesUnordered<BoxFuture<'static, Numbered>>;

struct Pipeline {
    outgoing: mpsc::Receiver<Outgoing>,
    queues: Arc<[String]>,
    /// In the order of publication.
    unconfirmed: BTreeMap<u64, Outgoing>,
    next: u64,
    failures: Backoff,
}

impl Pipeline {
    async fn run(mut self, link: &Link) {
        loop {
            let channel = link.channel().await;
            let reason = self.pump(&channel).await;
            tracing::warn!(reason, unconfirmed = self.unconfirmed.len(), "publishing was interrupted");
            tokio::time::sleep(self.failures.pause()).await;
        }
    }

    /// Publishes until something goes wrong, and says what.
    async fn pump(&mut self, channel: &Channel) -> String {
        if let Err(error) = self.prepare(channel).await {
            return error.to_string();
        }
        let mut confirming = Confirming::new();
        self.unconfirmed.retain(|_, outgoing| outgoing.durable.is_awaited());
        for (number, outgoing) in &self.unconfirmed {
            confirming.push(begin(channel, *number, &outgoing.message));
        }
        let mut check = tokio::time::interval(CHECK);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut fresh = Vec::new();
        loop {
            let room = IN_FLIGHT.saturating_sub(self.unconfirmed.len());
            tokio::select! {
                Some(first) = confirming.next() => {
                    if let Err(reason) = self.confirm(first, &mut confirming) {
                        return reason;
                    }
                }
                _ = self.outgoing.recv_many(&mut fresh, room), if room > 0 => {
                    for outgoing in fresh.drain(..).filter(|outgoing| outgoing.durable.is_awaited()) {
                        let number = self.next;
                        self.next += 1;
                        confirming.push(begin(channel, number, &outgoing.message));
                        self.unconfirmed.insert(number, outgoing);
                    }
                }
                _ = check.tick() => {
                    if !channel.status().connected() {
                        return "the connection was lost".to_owned();
                    }
                }
            }
        }
    }

    async fn prepare(&self, channel: &Channel) -> lapin::Result<()> {
        declare(channel, &self.queues).await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await
    }

    /// Answers everything that is confirmed by now, unless one of them was returned or refused. They are
    /// looked at together because a returned message comes with the first confirm that follows it, which
    /// may be another's.
    fn confirm(&mut self, first: Numbered, confirming: &mut Confirming) -> Result<(), String> {
        let mut confirmed = vec![first];
        while let Some(Some(next)) = confirming.next().now_or_never() {
            confirmed.push(next);
        }
        for (_, confirmation) in &confirmed {
            match confirmation {
                Ok(Confirmation::Ack(None)) => {}
                Ok(Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_))) => {
                    return Err("the broker knows no queue for a publication".to_owned());
                }
                Ok(Confirmation::Nack(None)) => return Err("the broker refused a publication".to_owned()),
                Ok(Confirmation::NotRequested) => return Err("the broker confirms nothing".to_owned()),
                Err(error) => return Err(error.to_string()),
            }
        }
        for (number, _) in confirmed {
            if let Some(outgoing) = self.unconfirmed.remove(&number) {
                outgoing.durable.done();
            }
        }
        self.failures.reset();
        Ok(())
    }
}

/// Puts the message on its way before it returns, so that messages leave in the order of the calls.
fn begin(channel: &Channel, number: u64, message: &Arc<Message>) -> BoxFuture<'static, Numbered> {
    let (channel, message) = (channel.clone(), Arc::clone(message));
    let mut confirmation = async move {
        let Message { queue, properties, payload } = &*message;
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        let sent =
            channel.basic_publish("".into(), queue.clone(), options, payload.as_bytes(), properties.clone()).await;
        let confirmation = match sent {
            Ok(confirm) => confirm.await,
            Err(error) => Err(error),
        };
        (number, confirmation)
    }
    .boxed();
    // It is asked again by the one who waits for it; this only sets it off.
    match confirmation.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => std::future::ready(done).boxed(),
        Poll::Pending => confirmation,
    }
}
