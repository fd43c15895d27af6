//! Rows that tell of the past and are kept for a time, then deleted, a batch at a time. The audit log is none of them.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{Store, StoreError, backend::sql};

impl Store {
    /// Deletes up to `limit` attempts that ended and were begun before then; answers of how many.
    pub async fn trim_attempts(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        sql("delete from attempts where id in (select a.id from attempts a where a.id < $1 and a.ended_at is not null \
             order by a.id limit $2)")
        .bind(first_of(before))
        .bind(limit)
        .execute(self.writer())
        .await
    }

    /// The same for notifications, with who read them.
    pub async fn trim_notifications(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        let mut transaction = self.begin().await?;
        sql("delete from notification_reads where notification_id in \
             (select n.id from notifications n where n.id < $1 order by n.id limit $2)")
        .bind(first_of(before))
        .bind(limit)
        .execute(&mut transaction)
        .await?;
        let trimmed = sql("delete from notifications where id in \
             (select n.id from notifications n where n.id < $1 order by n.id limit $2)")
        .bind(first_of(before))
        .bind(limit)
        .execute(&mut transaction)
        .await?;
        transaction.commit().await?;
        Ok(trimmed)
    }
}

/// Identifiers begin with the millisecond in which they were made: this one is before all of that moment's.
fn first_of(moment: DateTime<Utc>) -> Uuid {
    let milliseconds = u128::try_from(moment.timestamp_millis()).unwrap_or_default();
    Uuid::from_u128(milliseconds << 80)
}
