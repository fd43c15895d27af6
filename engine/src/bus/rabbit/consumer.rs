//! Feeds a consumer from its queue, over every connection that is made. When a
//! connection is lost, all that was not acknowledged comes again, in order.

use std::sync::Arc;

use futures_util::StreamExt;
use lapin::{
    Channel,
    message::Delivery,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, BasicRejectOptions},
    types::FieldTable,
};

use super::{declare, link::Link};
use crate::bus::{Feed, backoff::Backoff, shelf::Item};

pub struct Feeder {
    pub link: Arc<Link>,
    pub queue: String,
    pub feed: Feed,
}

#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error(transparent)]
    Broker(#[from] lapin::Error),
    #[error("the queue was deleted, or its leader went away")]
    Cancelled,
}

impl Feeder {
    pub async fn run(self) {
        let mut failures = Backoff::default();
        while let Some(channel) = self.feed.stop.run_until_cancelled(self.link.channel()).await {
            let Err(error) = self.feed(&channel, &mut failures).await else { break };
            tracing::warn!(queue = self.queue, %error, "consuming was interrupted");
            self.feed.shelf.clear();
            if self.feed.stop.run_until_cancelled(tokio::time::sleep(failures.pause())).await.is_none() {
                break;
            }
        }
        self.feed.shelf.close();
    }

    /// Until it is stopped and everything handed out is settled. Closing the channel then returns the
    /// rest to the queue and lets the next consumer in.
    async fn feed(&self, channel: &Channel, failures: &mut Backoff) -> Result<(), Interrupted> {
        declare(channel, std::slice::from_ref(&self.queue)).await?;
        channel.basic_qos(self.feed.prefetch, BasicQosOptions::default()).await?;
        let (queue, options) = (self.queue.as_str().into(), BasicConsumeOptions::default());
        let mut deliveries = channel.basic_consume(queue, "".into(), options, FieldTable::default()).await?;
        failures.reset();
        while !self.feed.shelf.is_done() {
            tokio::select! {
                received = deliveries.next() => {
                    self.put(channel, received.ok_or(Interrupted::Cancelled)??).await?;
                }
                () = self.feed.shelf.settled() => self.acknowledge(channel).await?,
                () = self.feed.stop.cancelled(), if !self.feed.shelf.is_closed() => self.feed.shelf.close(),
            }
        }
        Ok(channel.close(200, "done".into()).await?)
    }

    async fn put(&self, channel: &Channel, delivery: Delivery) -> lapin::Result<()> {
        let tag = delivery.delivery_tag;
        if let Some(item) = read(delivery) {
            self.feed.shelf.put(tag, item);
            return Ok(());
        }
        tracing::error!(queue = self.queue, "a message that Patchbay did not publish was removed from its queue");
        channel.basic_reject(tag, BasicRejectOptions { requeue: false }).await
    }

    /// All below the lowest open tag at once, the others one by one.
    async fn acknowledge(&self, channel: &Channel) -> lapin::Result<()> {
        let (acknowledged, lowest) = self.feed.shelf.take_acknowledged();
        let below = acknowledged.partition_point(|(tag, _)| lowest.is_none_or(|lowest| *tag < lowest));
        let (together, singly) = acknowledged.split_at(below);
        if let Some((tag, _)) = together.last() {
            channel.basic_ack(*tag, BasicAckOptions { multiple: true }).await?;
        }
        for (tag, _) in singly {
            channel.basic_ack(*tag, BasicAckOptions { multiple: false }).await?;
        }
        for (_, answer) in acknowledged {
            answer.done();
        }
        Ok(())
    }
}

fn read(delivery: Delivery) -> Option<Item> {
    let Delivery { properties, redelivered, data, .. } = delivery;
    let channel_id = properties.correlation_id().as_ref()?.as_str().parse().ok()?;
    let key = properties.message_id().as_ref()?.as_str().parse().ok()?;
    let payload = String::from_utf8(data).ok()?.into();
    Some(Item { channel_id, key, payload, redelivered })
}
