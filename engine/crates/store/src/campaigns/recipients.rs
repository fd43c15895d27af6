//! The recipients of a campaign: the list as it was given, and what became of
//! each.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    CampaignId, MessageId, OrganisationId, RecipientId,
    campaign::{CampaignStatus, MOST_RECIPIENTS, NotNow},
};
use serde::Deserialize;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::sql,
    rows::{Batch, Time, batch, parse},
    tickets::Page,
};

/// How a recipient stands, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecipientStatus {
    Pending,
    Sent,
    Failed,
    Skipped,
    Cancelled,
}

impl RecipientStatus {
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Sent => "SENT",
            Self::Failed => "FAILED",
            Self::Skipped => "SKIPPED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

/// That word; what has not been sent of a cancelled campaign never will be.
const STATUS: &str = "case when r.status = 'QUEUED' then 'PENDING' \
    when r.status = 'PENDING' and c.status = 'CANCELLED' then 'CANCELLED' \
    when r.status = 'SKIPPED' and r.reason = 'CANCELLED' then 'CANCELLED' else r.status end";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    pub id: RecipientId,
    pub campaign_id: CampaignId,
    pub contact: String,
    pub status: RecipientStatus,
    /// A word for machines, where there is one.
    pub reason: String,
    pub error: Option<String>,
    pub message_id: Option<MessageId>,
    pub sent_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecipientFilter {
    pub status: Option<RecipientStatus>,
}

impl RecipientFilter {
    /// The rows that [`STATUS`] calls so, said in a way that an index answers.
    const fn condition(self) -> &'static str {
        match self.status {
            None => "1 = 1",
            Some(RecipientStatus::Pending) => {
                "r.status in ('PENDING', 'QUEUED') and \
                (r.status = 'QUEUED' or c.status <> 'CANCELLED')"
            }
            Some(RecipientStatus::Sent) => "r.status = 'SENT'",
            Some(RecipientStatus::Failed) => "r.status = 'FAILED'",
            Some(RecipientStatus::Skipped) => "r.status = 'SKIPPED' and r.reason <> 'CANCELLED'",
            Some(RecipientStatus::Cancelled) => {
                "r.status in ('PENDING', 'SKIPPED') and \
                ((r.status = 'SKIPPED' and r.reason = 'CANCELLED') or (r.status = 'PENDING' and c.status = 'CANCELLED'))"
            }
        }
    }
}

/// What became of recipients that were to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// Those that were not there before.
    New(Vec<String>),
    /// There would be more than a campaign may have.
    Full,
    NotNow(NotNow),
    /// The organisation has no such campaign.
    Unknown,
}

batch! {
    struct NewRow<'a> { id: RecipientId, campaign_id: CampaignId, recipient: &'a str, status: &'a str, created_at: Time }
}

#[derive(FromRow)]
struct RecipientRow {
    id: Uuid,
    campaign_id: Uuid,
    recipient: String,
    status: String,
    reason: String,
    error: Option<String>,
    message_id: Option<Uuid>,
    sent_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl TryFrom<RecipientRow> for Recipient {
    type Error = StoreError;

    fn try_from(row: RecipientRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            campaign_id: row.campaign_id.into(),
            contact: row.recipient,
            status: parse(&row.status)?,
            reason: row.reason,
            error: row.error,
            message_id: row.message_id.map(Into::into),
            sent_at: row.sent_at,
            created_at: row.created_at,
        })
    }
}

impl Store {
    /// Adds those that are not there yet, in this order; only before the campaign starts. It locks the campaign and
    /// not its organisation: a long list holds up nobody.
    pub async fn add_recipients(
        &self,
        organisation_id: OrganisationId,
        id: CampaignId,
        contacts: &[&str],
        now: DateTime<Utc>,
    ) -> Result<Added, StoreError> {
        let mut transaction = self.begin().await?;
        let known: Option<(String, i64)> = sql("select c.status, c.recipient_count from campaigns c \
             where c.organisation_id = $1 and c.id = $2 {lock}")
        .bind(organisation_id)
        .bind(id)
        .fetch_optional(&mut transaction)
        .await?;
        let Some((status, count)) = known else { return Ok(Added::Unknown) };
        if let Err(refused) = parse::<CampaignStatus>(&status)?.may_change() {
            return Ok(Added::NotNow(refused));
        }
        let rows: Vec<_> = (contacts.iter())
            .map(|recipient| NewRow {
                id: RecipientId::at(now),
                campaign_id: id,
                recipient,
                status: "PENDING",
                created_at: now.into(),
            })
            .collect();
        let new: Vec<(String,)> = sql(format!(
            "{} on conflict (campaign_id, recipient) do nothing returning recipient",
            NewRow::insert_into("campaign_recipients")
        ))
        .rows(&rows)
        .fetch_all(&mut transaction)
        .await?;
        let added = i64::try_from(new.len()).unwrap_or(i64::MAX);
        if (count + added).unsigned_abs() > MOST_RECIPIENTS {
            return Ok(Added::Full);
        }
        sql("update campaigns set recipient_count = recipient_count + $2, updated_at = $3 where id = $1")
            .bind(id)
            .bind(added)
            .bind(now)
            .execute(&mut transaction)
            .await?;
        transaction.commit().await?;
        Ok(Added::New(new.into_iter().map(|(recipient,)| recipient).collect()))
    }

    /// In the order in which they were given.
    pub async fn recipients(
        &self,
        organisation_id: OrganisationId,
        id: CampaignId,
        filter: RecipientFilter,
        page: Page<RecipientId>,
    ) -> Result<Vec<Recipient>, StoreError> {
        let rows: Vec<RecipientRow> = sql(format!(
            "select r.id, r.campaign_id, r.recipient, {STATUS} as status, r.reason, r.error, r.message_id, r.sent_at, \
             r.created_at from campaigns c join campaign_recipients r on r.campaign_id = c.id \
             where c.organisation_id = $1 and c.id = $2 and {} and {} order by r.id limit $4 offset $5",
            filter.condition(),
            if page.after.is_some() { "r.id > $3" } else { "$3 is null" },
        ))
        .bind(organisation_id)
        .bind(id)
        .bind(page.after)
        .bind(page.limit)
        .bind(page.offset)
        .fetch_all(self)
        .await?;
        rows.into_iter().map(Recipient::try_from).collect()
    }

    pub async fn count_recipients(
        &self,
        organisation_id: OrganisationId,
        id: CampaignId,
        filter: RecipientFilter,
    ) -> Result<u64, StoreError> {
        let counts = self.recipient_counts(organisation_id, Some(id)).await?;
        let counts = counts.first().map(|(_, counts)| *counts).unwrap_or_default();
        Ok(match filter.status {
            None => counts.total(),
            Some(RecipientStatus::Pending) => counts.pending + counts.queued,
            Some(RecipientStatus::Sent) => counts.sent,
            Some(RecipientStatus::Failed) => counts.failed + counts.unknown,
            Some(RecipientStatus::Skipped) => counts.skipped(),
            Some(RecipientStatus::Cancelled) => counts.cancelled,
        })
    }
}
