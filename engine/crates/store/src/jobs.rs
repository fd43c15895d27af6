//! The outbox, which without a broker is the queue itself: jobs in the order of
//! their ids, by direction and partition.

use std::fmt;

use chrono::{DateTime, Utc};
use patchbay_domain::ChannelId;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::{Target, sql},
    rows::{self, Batch, Time, batch},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Direction {
    Inbound,
    Outbound,
}

impl Direction {
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Inbound => "INBOUND",
            Self::Outbound => "OUTBOUND",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How many partitions there are. A channel is always in the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partitions(pub u32);

impl Partitions {
    /// FNV-1a of the channel's sixteen bytes: the same on every node and in every version.
    #[must_use]
    pub fn of(self, channel: ChannelId) -> u32 {
        let hash = channel
            .uuid()
            .as_bytes()
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        u32::try_from(hash % u64::from(self.0.max(1))).unwrap_or(0)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    pub direction: Direction,
    pub partition: u32,
    pub channel_id: ChannelId,
    /// What it is about: a job published twice has the same key.
    pub key: Uuid,
    pub payload: String,
    pub available_at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub id: i64,
    pub channel_id: ChannelId,
    pub key: Uuid,
    pub payload: String,
}

/// Jobs that wait, due or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobDepths {
    pub inbound: u64,
    pub outbound: u64,
}

/// Depths beyond this are reported as this: counting further would cost more than it tells.
pub const COUNTED_JOBS: u32 = 100_000;

batch! {
    struct JobRow<'a> {
        direction: Direction, partition: u32, channel_id: ChannelId, key: Uuid, payload: &'a str, available_at: Time,
        created_at: Time,
    }
}

batch! {
    struct JobId { id: i64 }
}

#[derive(FromRow)]
struct StoredJob {
    id: i64,
    channel_id: Uuid,
    key: Uuid,
    payload: String,
}

impl From<StoredJob> for Job {
    fn from(row: StoredJob) -> Self {
        let StoredJob { id, channel_id, key, payload } = row;
        Self { id, channel_id: channel_id.into(), key, payload }
    }
}

impl Store {
    /// Commits the jobs, in the order given.
    pub async fn enqueue(&self, jobs: &[NewJob], now: DateTime<Utc>) -> Result<(), StoreError> {
        if jobs.is_empty() {
            return Ok(());
        }
        insert(self.writer(), jobs, now).await
    }

    /// The next jobs of a partition that are due, in the order of their ids.
    pub async fn jobs(
        &self,
        direction: Direction,
        partition: u32,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError> {
        let rows: Vec<StoredJob> = sql("select id, channel_id, key, payload from jobs \
             where direction = $1 and partition = $2 and available_at <= $3 order by id limit $4")
        .bind(direction.word())
        .bind(partition)
        .bind(now)
        .bind(limit)
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(Job::from).collect())
    }

    pub async fn delete_jobs(&self, ids: &[i64]) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = ids.iter().map(|id| JobId { id: *id }).collect();
        sql("delete from jobs where id in (select id from {rows} r)").rows(&ids).execute(self.writer()).await.map(drop)
    }

    pub async fn job_depths(&self) -> Result<JobDepths, StoreError> {
        let counted = |direction: Direction| async move {
            let (count,): (i64,) =
                sql("select count(*) from (select 1 from jobs where direction = $1 limit $2) counted")
                    .bind(direction.word())
                    .bind(COUNTED_JOBS)
                    .fetch_one(self)
                    .await?;
            Ok::<_, StoreError>(u64::try_from(count).unwrap_or(0))
        };
        Ok(JobDepths { inbound: counted(Direction::Inbound).await?, outbound: counted(Direction::Outbound).await? })
    }
}

pub(crate) async fn insert<'a>(
    target: impl Into<Target<'a>>,
    jobs: &[NewJob],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let jobs: Vec<_> = jobs
        .iter()
        .map(|job| JobRow {
            direction: job.direction,
            partition: job.partition,
            channel_id: job.channel_id,
            key: job.key,
            payload: &job.payload,
            available_at: job.available_at.into(),
            created_at: now.into(),
        })
        .collect();
    sql(JobRow::insert_into("jobs")).rows(&jobs).execute(target).await.map(drop)
}

/// The payload of a job that says: this message may be sent now.
pub(crate) fn wake_up(channel_id: ChannelId, message_id: patchbay_domain::MessageId) -> Result<String, StoreError> {
    rows::to_json(&serde_json::json!({ "version": "1", "channel_id": channel_id, "message_id": message_id }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_stays_in_its_partition() {
        let channel = ChannelId::from_uuid(Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef));
        assert_eq!(Partitions(16).of(channel), 5);
        assert_eq!(Partitions(0).of(channel), 0);
        assert!((0..1000).all(|seed| Partitions(7).of(ChannelId::from_uuid(Uuid::from_u128(seed))) < 7));
    }
}
