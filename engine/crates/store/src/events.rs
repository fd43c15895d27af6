//! The log of everything a client can see happen, per organisation.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    OrganisationId,
    event::{Change, SequencedChange},
};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{Store, StoreError, backend::sql, rows::Id};

#[derive(FromRow)]
struct EventRow {
    sequence: i64,
    change: Json<Change>,
    created_at: DateTime<Utc>,
}

impl From<EventRow> for SequencedChange {
    fn from(row: EventRow) -> Self {
        let EventRow { sequence, change: Json(change), created_at } = row;
        Self { sequence, at: created_at, change }
    }
}

impl Store {
    /// The next events after a cursor, in order.
    pub async fn events_after(
        &self,
        organisation_id: OrganisationId,
        cursor: i64,
        limit: u32,
    ) -> Result<Vec<SequencedChange>, StoreError> {
        let rows: Vec<EventRow> = sql("select sequence, change, created_at from events \
             where organisation_id = $1 and sequence > $2 order by sequence limit $3")
        .bind(organisation_id)
        .bind(cursor)
        .bind(limit)
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(SequencedChange::from).collect())
    }

    /// The sequence of the newest event, 0 where there is none yet.
    pub async fn newest_event(&self, organisation_id: OrganisationId) -> Result<i64, StoreError> {
        let newest: Option<(i64,)> = sql("select event_sequence from organisations where id = $1")
            .bind(organisation_id)
            .fetch_optional(self)
            .await?;
        Ok(newest.map_or(0, |(sequence,)| sequence))
    }

    /// The same for many organisations.
    pub async fn newest_events(
        &self,
        organisations: &[OrganisationId],
    ) -> Result<Vec<(OrganisationId, i64)>, StoreError> {
        let rows: Vec<(Uuid, i64)> =
            sql("select o.id, o.event_sequence from organisations o where o.id in (select id from {rows} r)")
                .rows(&Id::all(organisations))
                .fetch_all(self)
                .await?;
        Ok(rows.into_iter().map(|(id, sequence)| (id.into(), sequence)).collect())
    }

    /// Waits for a commit of this process that adds events. For one who waits.
    pub async fn committed(&self) {
        self.commits.notified().await;
    }

    /// The sequence of the first event after a moment.
    pub async fn first_event_after(
        &self,
        organisation_id: OrganisationId,
        at: DateTime<Utc>,
    ) -> Result<Option<i64>, StoreError> {
        let (first,): (Option<i64>,) =
            sql("select min(sequence) from events where organisation_id = $1 and created_at > $2")
                .bind(organisation_id)
                .bind(at)
                .fetch_one(self)
                .await?;
        Ok(first)
    }

    /// The sequence of the oldest event that is still kept: a cursor below it minus one is too old.
    pub async fn oldest_event(&self, organisation_id: OrganisationId) -> Result<Option<i64>, StoreError> {
        let (oldest,): (Option<i64>,) = sql("select min(sequence) from events where organisation_id = $1")
            .bind(organisation_id)
            .fetch_one(self)
            .await?;
        Ok(oldest)
    }

    /// Forgets events older than that.
    pub async fn trim_events(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        sql("delete from events where created_at < $1").bind(before).execute(self.writer()).await
    }
}
