//! Looking after channels: which are due, how often a session was told to begin
//! anew, and how far a platform's news were fetched. Clients see none of it.

use chrono::{DateTime, Utc};
use patchbay_domain::ChannelId;
use uuid::Uuid;

use crate::{Store, StoreError, backend::sql, jobs::Partitions, rows::batch};

batch! {
    struct TypeRow<'a> { channel_type: &'a str }
}

impl Store {
    /// Channels of these types and partitions that nobody switched off and that are due then; with none, all of them.
    pub async fn channels_to_tend(
        &self,
        types: &[String],
        partitions: Partitions,
        owned: &[u32],
        due: Option<DateTime<Utc>>,
    ) -> Result<Vec<ChannelId>, StoreError> {
        let types: Vec<_> = types.iter().map(|channel_type| TypeRow { channel_type }).collect();
        if types.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<(Uuid,)> = sql("select c.id from channels c where c.deleted_at is null \
             and c.status <> 'DISABLED' and c.channel_type in (select channel_type from {rows} r) \
             and ($2 is null or c.tend_at is null or c.tend_at <= $2) order by c.tend_at, c.id")
        .rows(&types)
        .bind(due)
        .fetch_all(self)
        .await?;
        let channels = ids.into_iter().map(|(id,)| ChannelId::from(id));
        Ok(channels.filter(|channel| owned.contains(&partitions.of(*channel))).collect())
    }

    /// When to look after it next, unless its session changed since the state that this was decided on, or somebody
    /// asked for it to be looked after at once since `begun`.
    pub async fn set_tend_at(
        &self,
        id: ChannelId,
        decided_on: Option<DateTime<Utc>>,
        tend_at: DateTime<Utc>,
        (begun, now): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<(), StoreError> {
        sql("update channels set tend_at = $3 where id = $1 and session_since is not distinct from $2 \
             and (tend_at is null or tend_at <= $4 or tend_at > $5)")
        .bind(id)
        .bind(decided_on)
        .bind(tend_at)
        .bind(begun)
        .bind(now)
        .execute(self.writer())
        .await
        .map(drop)
    }

    /// The session is about to be told to begin anew.
    pub async fn count_session_try(&self, id: ChannelId, now: DateTime<Utc>) -> Result<(), StoreError> {
        sql("update channels set session_tries = session_tries + 1, session_since = $2 where id = $1")
            .bind(id)
            .bind(now)
            .execute(self.writer())
            .await
            .map(drop)
    }

    /// A person stopped the session on purpose: it is left alone until it is up again.
    pub async fn leave_session(&self, id: ChannelId) -> Result<(), StoreError> {
        sql("update channels set session_wanted = $2, session_tries = 0 where id = $1")
            .bind(id)
            .bind(false)
            .execute(self.writer())
            .await
            .map(drop)
    }

    /// Where the next poll goes on; and, when everything until then was fetched, since when.
    pub async fn set_poll_cursor(
        &self,
        id: ChannelId,
        cursor: Option<&str>,
        polled_at: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        sql("update channels set poll_cursor = $2, polled_at = coalesce($3, polled_at) where id = $1")
            .bind(id)
            .bind(cursor)
            .bind(polled_at)
            .execute(self.writer())
            .await
            .map(drop)
    }
}
