//! A transaction whose effects clients can see. It first locks its
//! organisations, in order, so that commits within one organisation follow each
//! other: what is read inside is current, and the events it adds at the end
//! have sequence numbers without gaps.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, OrganisationId, event::Change};
use sqlx::FromRow;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::{Statement, Target, Transaction, sql},
    rows::{Batch, Id, Time, batch},
};

pub(crate) struct OrganisationTx {
    transaction: Transaction,
    now: DateTime<Utc>,
    /// The last sequence handed out.
    sequences: BTreeMap<OrganisationId, i64>,
    events: Vec<EventRow>,
    commits: Arc<Notify>,
}

batch! {
    struct EventRow { organisation_id: OrganisationId, sequence: i64, change: Change, created_at: Time }
}

batch! {
    struct SequenceRow { id: OrganisationId, sequence: i64 }
}

#[derive(FromRow)]
struct Locked {
    id: Uuid,
    event_sequence: i64,
}

impl OrganisationTx {
    /// Locks the organisations.
    pub(crate) async fn begin(
        store: &Store,
        organisations: impl IntoIterator<Item = OrganisationId>,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let organisations: Vec<_> = BTreeSet::from_iter(organisations).into_iter().collect();
        let lock = sql("select o.id, o.event_sequence from organisations o \
                        where o.id in (select id from {rows} r) order by o.id {lock}")
        .rows(&Id::all(&organisations));
        let locked = Self::lock(store, lock, now).await?;
        match organisations.into_iter().find(|id| !locked.sequences.contains_key(id)) {
            Some(unknown) => Err(StoreError::UnknownOrganisation(unknown)),
            None => Ok(locked),
        }
    }

    /// Locks the organisations of these channels. A channel never changes hands.
    pub(crate) async fn begin_for_channels(
        store: &Store,
        channels: impl IntoIterator<Item = ChannelId>,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let channels: Vec<_> = BTreeSet::from_iter(channels).into_iter().collect();
        let lock = sql("select o.id, o.event_sequence from organisations o where o.id in \
                        (select c.organisation_id from channels c where c.id in (select id from {rows} r)) \
                        order by o.id {lock}")
        .rows(&Id::all(&channels));
        Self::lock(store, lock, now).await
    }

    async fn lock(store: &Store, lock: Statement, now: DateTime<Utc>) -> Result<Self, StoreError> {
        let mut transaction = store.begin().await?;
        let locked: Vec<Locked> = lock.fetch_all(&mut transaction).await?;
        let sequences = locked.into_iter().map(|row| (row.id.into(), row.event_sequence)).collect();
        Ok(Self { transaction, now, sequences, events: Vec::new(), commits: Arc::clone(&store.commits) })
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// For what is written in the same transaction whoever begins it.
    pub(crate) fn transaction(&mut self) -> &mut Transaction {
        &mut self.transaction
    }

    /// Adds an event, and says which sequence number it has.
    pub(crate) fn push(&mut self, organisation_id: OrganisationId, change: Change) -> Result<i64, StoreError> {
        let last = self.sequences.get_mut(&organisation_id).ok_or(StoreError::UnknownOrganisation(organisation_id))?;
        *last += 1;
        self.events.push(EventRow { organisation_id, sequence: *last, change, created_at: self.now.into() });
        Ok(*last)
    }

    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        if !self.events.is_empty() {
            let changed: BTreeSet<_> = self.events.iter().map(|event| event.organisation_id).collect();
            let sequences: Vec<_> = (self.sequences.iter())
                .filter(|(id, _)| changed.contains(id))
                .map(|(id, sequence)| SequenceRow { id: *id, sequence: *sequence })
                .collect();
            sql(EventRow::insert_into("events")).rows(&self.events).execute(&mut self.transaction).await?;
            sql("update organisations set event_sequence = r.sequence from {rows} r where organisations.id = r.id")
                .rows(&sequences)
                .execute(&mut self.transaction)
                .await?;
        }
        self.transaction.commit().await?;
        if !self.events.is_empty() {
            self.commits.notify_one();
        }
        Ok(())
    }
}

impl<'a> From<&'a mut OrganisationTx> for Target<'a> {
    fn from(transaction: &'a mut OrganisationTx) -> Self {
        (&mut transaction.transaction).into()
    }
}
