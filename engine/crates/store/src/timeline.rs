//! What happened to one message, as far as it is stored.

use chrono::{DateTime, Utc};
use patchbay_domain::{MessageId, OrganisationId, WebhookId};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError, backend::sql};

/// Attempts beyond this are not told; the engine gives up long before, unless it is told to slow down.
const ATTEMPTS: u32 = 1_000;

/// How a message came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    pub webhook_id: WebhookId,
    pub received_at: DateTime<Utc>,
    pub parsed_at: DateTime<Utc>,
}

/// The platform delivered it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeats {
    pub times: u64,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub number: u32,
    pub started_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub outcome: Option<String>,
    /// The platform's.
    pub code: Option<String>,
    pub detail: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traces {
    pub received: Option<Received>,
    pub repeats: Option<Repeats>,
    /// The earliest first.
    pub attempts: Vec<Attempt>,
}

#[derive(FromRow)]
struct ArrivalRow {
    webhook_id: Option<Uuid>,
    received_at: Option<DateTime<Utc>>,
    parsed_at: Option<DateTime<Utc>>,
    times: Option<i64>,
    first_at: Option<DateTime<Utc>>,
    last_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct AttemptRow {
    number: i64,
    started_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    outcome: Option<String>,
    code: Option<String>,
    detail: Option<String>,
}

impl From<AttemptRow> for Attempt {
    fn from(row: AttemptRow) -> Self {
        let AttemptRow { number, started_at, ended_at, outcome, code, detail } = row;
        Self { number: u32::try_from(number).unwrap_or(u32::MAX), started_at, ended_at, outcome, code, detail }
    }
}

impl From<ArrivalRow> for Traces {
    fn from(row: ArrivalRow) -> Self {
        let ArrivalRow { webhook_id, received_at, parsed_at, times, first_at, last_at } = row;
        let arrived = webhook_id.zip(received_at).zip(parsed_at);
        let repeated = times.zip(first_at).zip(last_at);
        Self {
            received: arrived.map(|((id, received_at), parsed_at)| Received {
                webhook_id: id.into(),
                received_at,
                parsed_at,
            }),
            repeats: repeated.map(|((times, first_at), last_at)| Repeats {
                times: times.unsigned_abs(),
                first_at,
                last_at,
            }),
            attempts: Vec::new(),
        }
    }
}

impl Store {
    /// Nothing where the organisation has no such message.
    pub async fn traces(&self, organisation_id: OrganisationId, id: MessageId) -> Result<Traces, StoreError> {
        let arrival: Option<ArrivalRow> = sql("select m.webhook_id, m.received_at, m.parsed_at, p.times, p.first_at, \
             p.last_at from messages m left join message_repeats p on p.message_id = m.id \
             where m.organisation_id = $1 and m.id = $2")
        .bind(organisation_id)
        .bind(id)
        .fetch_optional(self)
        .await?;
        let attempts: Vec<AttemptRow> = sql("select a.number, a.started_at, a.ended_at, a.outcome, a.code, a.detail \
             from attempts a join messages m on m.id = a.message_id \
             where m.organisation_id = $1 and m.id = $2 order by a.number limit $3")
        .bind(organisation_id)
        .bind(id)
        .bind(ATTEMPTS)
        .fetch_all(self)
        .await?;
        let attempts = attempts.into_iter().map(Attempt::from).collect();
        Ok(Traces { attempts, ..arrival.map(Traces::from).unwrap_or_default() })
    }
}
