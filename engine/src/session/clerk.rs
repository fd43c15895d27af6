//! A channel's clerk does all of its parking: it parks what waits, and fills
//! the desk from the table. It runs while there is something to do, one at a
//! time.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use patchbay_domain::WebhookId;
use patchbay_store::{
    Store, StoreError,
    parked::{NewParked, Parked},
};

use super::{
    Sessions, Shared,
    arrival::{Arrival, Source},
    desk::{Desk, lock},
    overflow::Clerk,
};
use crate::{bus::Delivery, ingress::envelope::Inbound, retry};

/// Webhooks parked or fetched in one go, and their bytes but for the last: a statement the database takes in its stride.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 8 << 20;
const REFUSED_PAUSE: Duration = Duration::from_secs(1);

/// A clerk whose work ends by a panic is replaced at the next call.
struct Shift(Arc<Desk>);

impl Drop for Shift {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(&self.0.overflow).clerk = Clerk::Away;
        }
    }
}

impl Sessions {
    /// A clerk that is at work looks once more before it leaves.
    pub(super) fn call_clerk(&self, desk: &Arc<Desk>) {
        {
            let mut overflow = lock(&desk.overflow);
            let at_work = overflow.clerk != Clerk::Away;
            overflow.clerk = Clerk::Called;
            if at_work {
                return;
            }
        }
        let (sessions, shift) = (self.clone(), Shift(Arc::clone(desk)));
        self.shared.pool.detach(async move { sessions.do_clerks_work(&shift.0).await });
    }

    /// Until there is nothing to do and nobody has called since.
    async fn do_clerks_work(&self, desk: &Arc<Desk>) {
        loop {
            lock(&desk.overflow).clerk = Clerk::AtWork;
            if park_some(&self.shared, desk).await {
                continue;
            }
            match self.fetch_some(desk).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(channel.id = %desk.channel_id, %error, "parked webhooks could not be fetched; the sweep tries again");
                }
            }
            let mut overflow = lock(&desk.overflow);
            if overflow.clerk == Clerk::AtWork {
                overflow.clerk = Clerk::Away;
                return;
            }
        }
    }

    /// Fills the desk from the table, as long as this node may work the channel. True if there may be more to do.
    async fn fetch_some(&self, desk: &Arc<Desk>) -> Result<bool, StoreError> {
        let shared = &self.shared;
        if !lock(&desk.overflow).parked || !desk.is_half_free() || !shared.tenure.covers(desk.channel_id) {
            return Ok(false);
        }
        let (free, bytes) = desk.free();
        let limit = u32::try_from(free.min(BATCH)).unwrap_or(u32::MAX);
        let bytes = i64::try_from(bytes.min(BATCH_BYTES)).unwrap_or(i64::MAX);
        let after = desk.last_row().unwrap_or(0);
        let fetch = || shared.store.parked_webhooks(desk.channel_id, after, limit, bytes);
        let parked = retry::while_unavailable("parked_webhooks", fetch).await?;
        if parked.is_empty() {
            let mut overflow = lock(&desk.overflow);
            overflow.parked = !overflow.waiting.is_empty();
            return Ok(overflow.parked);
        }
        for Parked { id, webhook_id, envelope } in parked {
            match serde_json::from_str::<Inbound>(&envelope) {
                Ok(inbound) => desk.put(inbound, envelope.len(), Source::Parked(id)),
                Err(error) => {
                    let rows = [id];
                    shared.keep_unreadable(desk.channel_id, webhook_id, envelope, &error.to_string()).await?;
                    retry::while_unavailable("delete_parked", || shared.store.delete_parked(&rows)).await?;
                }
            }
        }
        self.pump(desk);
        Ok(true)
    }
}

/// Parks the next webhooks that are to be: before those that wait, those on the desk. False if there are none.
async fn park_some(shared: &Shared, desk: &Desk) -> bool {
    let (leaving, waiting) = {
        let overflow = lock(&desk.overflow);
        (overflow.leaving, !overflow.waiting.is_empty())
    };
    if !leaving && !waiting {
        return false;
    }
    let on_desk = desk.kept_by_the_bus(BATCH, BATCH_BYTES);
    if !on_desk.is_empty() {
        park_from_desk(shared, desk, on_desk).await;
        return true;
    }
    if leaving {
        lock(&desk.overflow).leaving = false;
        desk.drop_unbegun();
    }
    let taken = lock(&desk.overflow).take_waiting(BATCH, BATCH_BYTES);
    let new: Vec<_> = taken.iter().map(|(id, delivery)| new_parked(desk, *id, &delivery.payload)).collect();
    park(shared, &new).await;
    join_all(taken.into_iter().map(|(id, delivery)| acknowledge(id, delivery))).await;
    true
}

async fn park_from_desk(shared: &Shared, desk: &Desk, on_desk: Vec<(Arc<Arrival>, Arc<str>)>) {
    let new: Vec<_> =
        on_desk.iter().map(|(arrival, payload)| new_parked(desk, arrival.envelope.id(), payload)).collect();
    let rows = park(shared, &new).await;
    let mut done = Vec::new();
    let mut acknowledgements = Vec::new();
    for ((arrival, _), row) in on_desk.iter().zip(rows) {
        match arrival.move_to(row) {
            Some(delivery) => acknowledgements.push(acknowledge(arrival.envelope.id(), delivery)),
            None => done.push(row),
        }
    }
    join_all(acknowledgements).await;
    if let Err(error) = retry::while_unavailable("delete_parked", || shared.store.delete_parked(&done)).await {
        tracing::warn!(%error, "webhooks that were done while they were parked will come again");
    }
}

fn new_parked<'a>(desk: &Desk, webhook_id: WebhookId, envelope: &'a str) -> NewParked<'a> {
    NewParked { channel_id: desk.channel_id, webhook_id, envelope }
}

/// Until it is done: what waits to be parked must not be overtaken.
async fn park(shared: &Shared, webhooks: &[NewParked<'_>]) -> Vec<i64> {
    loop {
        let park = || shared.store.park_webhooks(webhooks, (shared.clock)());
        match retry::while_unavailable("park_webhooks", park).await {
            Ok(rows) => {
                metrics::counter!("patchbay_webhooks_parked_total").increment(webhooks.len() as u64);
                return rows;
            }
            Err(error) => {
                tracing::error!(%error, "webhooks could not be parked; trying again");
                tokio::time::sleep(REFUSED_PAUSE).await;
            }
        }
    }
}

pub(super) async fn acknowledge(id: WebhookId, delivery: Delivery) {
    if let Err(error) = delivery.ack().await {
        tracing::debug!(webhook.id = %id, %error, "a webhook will come again and be recognised");
    }
}

/// Deletes the rows of webhooks that are done, for many channels together.
pub(super) async fn delete(store: &Store, rows: Vec<i64>) -> Vec<bool> {
    let deleted = retry::while_unavailable("delete_parked", || store.delete_parked(&rows)).await;
    if let Err(error) = &deleted {
        tracing::error!(%error, "parked webhooks that are done could not be deleted");
    }
    vec![deleted.is_ok(); rows.len()]
}
