//! Answers of writes that may be repeated: the same key and request get the
//! first answer again. A request that was released, or whose process died,
//! may run again; `since` stays, so that it can recognise what it wrote before.

use chrono::{DateTime, Duration, Utc};
use patchbay_domain::{OrganisationId, UserId};
use sqlx::FromRow;

use crate::{Store, StoreError, backend::sql};

/// Who used which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    pub organisation_id: OrganisationId,
    pub user_id: UserId,
    pub key: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Do it, then `finish_request` or `release_request`. `since`: when the key was first used.
    Fresh { since: DateTime<Utc> },
    /// The first request with this key has not been answered yet.
    InFlight,
    /// It was answered like this.
    Replay { status: u16, answer: String },
    /// The key was used for another request.
    Mismatch,
}

/// A request of which nothing was heard for this long has died with its process.
const LONGEST_REQUEST: Duration = Duration::seconds(20);
/// Stands where the answer's status would: it may run again.
const RELEASED: i64 = 0;

#[derive(FromRow)]
struct KeyRow {
    request_hash: String,
    status: Option<i64>,
    answer: Option<String>,
}

impl Store {
    pub async fn begin_request(
        &self,
        key: &IdempotencyKey,
        request_hash: &str,
        now: DateTime<Utc>,
    ) -> Result<Begun, StoreError> {
        let taken: Option<(DateTime<Utc>,)> = sql("insert into idempotency_keys \
             (organisation_id, user_id, key, request_hash, created_at, begun_at) values ($1, $2, $3, $4, $5, $5) \
             on conflict (organisation_id, user_id, key) do update set status = null, begun_at = excluded.begun_at \
             where idempotency_keys.request_hash = excluded.request_hash and (idempotency_keys.status = $6 \
             or (idempotency_keys.status is null and idempotency_keys.begun_at < $7)) returning created_at")
        .bind(key.organisation_id)
        .bind(key.user_id)
        .bind(&key.key)
        .bind(request_hash)
        .bind(now)
        .bind(RELEASED)
        .bind(now - LONGEST_REQUEST)
        .fetch_optional(self.writer())
        .await?;
        if let Some((since,)) = taken {
            return Ok(Begun::Fresh { since });
        }
        let known: Option<KeyRow> = sql("select request_hash, status, answer from idempotency_keys \
             where organisation_id = $1 and user_id = $2 and key = $3")
        .bind(key.organisation_id)
        .bind(key.user_id)
        .bind(&key.key)
        .fetch_optional(self.writer())
        .await?;
        Ok(match known {
            Some(known) if known.request_hash != request_hash => Begun::Mismatch,
            Some(KeyRow { status: Some(status), answer: Some(answer), .. }) => {
                let status = u16::try_from(status).map_err(|_| StoreError::Unreadable(format!("status {status}")))?;
                Begun::Replay { status, answer }
            }
            // Forgotten between the two statements counts as under way: the caller asks again.
            Some(_) | None => Begun::InFlight,
        })
    }

    /// Keeps the answer.
    pub async fn finish_request(&self, key: &IdempotencyKey, status: u16, answer: &str) -> Result<(), StoreError> {
        sql("update idempotency_keys set status = $4, answer = $5 \
             where organisation_id = $1 and user_id = $2 and key = $3")
        .bind(key.organisation_id)
        .bind(key.user_id)
        .bind(&key.key)
        .bind(i64::from(status))
        .bind(answer)
        .execute(self.writer())
        .await
        .map(drop)
    }

    /// The request is still under way, and will be for a while.
    pub async fn request_goes_on(&self, key: &IdempotencyKey, now: DateTime<Utc>) -> Result<(), StoreError> {
        sql("update idempotency_keys set begun_at = $4 \
             where organisation_id = $1 and user_id = $2 and key = $3 and status is null")
        .bind(key.organisation_id)
        .bind(key.user_id)
        .bind(&key.key)
        .bind(now)
        .execute(self.writer())
        .await
        .map(drop)
    }

    /// The request came to nothing, or its answer was lost: it may run again.
    pub async fn release_request(&self, key: &IdempotencyKey) -> Result<(), StoreError> {
        sql("update idempotency_keys set status = $4 \
             where organisation_id = $1 and user_id = $2 and key = $3 and status is null")
        .bind(key.organisation_id)
        .bind(key.user_id)
        .bind(&key.key)
        .bind(RELEASED)
        .execute(self.writer())
        .await
        .map(drop)
    }

    pub async fn expire_requests(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        sql("delete from idempotency_keys where created_at < $1").bind(before).execute(self.writer()).await
    }
}
