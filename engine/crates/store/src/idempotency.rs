//! Answers of writes that may be repeated: the same key and request get the
//! first answer again.

use chrono::{DateTime, Utc};
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
    /// Nobody used the key: do it, then `finish_request` or `forget_request`.
    Fresh,
    /// The first request with this key has not been answered yet.
    InFlight,
    /// It was answered like this.
    Replay { status: u16, answer: String },
    /// The key was used for another request.
    Mismatch,
}

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
        let taken = sql("insert into idempotency_keys (organisation_id, user_id, key, request_hash, created_at) \
             values ($1, $2, $3, $4, $5) on conflict (organisation_id, user_id, key) do nothing")
        .bind(key.organisation_id)
        .bind(key.user_id)
        .bind(&key.key)
        .bind(request_hash)
        .bind(now)
        .execute(self.writer())
        .await?;
        if taken == 1 {
            return Ok(Begun::Fresh);
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

    /// The request came to nothing: the key is free again.
    pub async fn forget_request(&self, key: &IdempotencyKey) -> Result<(), StoreError> {
        sql("delete from idempotency_keys where organisation_id = $1 and user_id = $2 and key = $3 and status is null")
            .bind(key.organisation_id)
            .bind(key.user_id)
            .bind(&key.key)
            .execute(self.writer())
            .await
            .map(drop)
    }

    pub async fn expire_requests(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        sql("delete from idempotency_keys where created_at < $1").bind(before).execute(self.writer()).await
    }
}
