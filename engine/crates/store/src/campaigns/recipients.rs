//! The recipients of a campaign: the list as it was given, and what became of
//! each. Numbers are counted where the rows are, so they are exact at any time.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    CampaignId, MessageId, OrganisationId, RecipientId,
    campaign::{CampaignStatus, MOST_RECIPIENTS, NotNow, Skip, Transition},
};
use serde::Deserialize;
use sqlx::FromRow;
use uuid::Uuid;

use super::{Changed, set_status, status_of};
use crate::{
    Store, StoreError,
    audit::{self, NewAudit},
    backend::sql,
    organisation_tx::OrganisationTx,
    rows::{Batch, Time, batch, parse},
    tickets::Page,
};

/// Failed recipients that are put back in one transaction.
const RETRY_BATCH: u32 = 5_000;

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

/// How many recipients stand how; together they are all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecipientCounts {
    pub pending: u64,
    /// Of whom the message is written and waits for its turn, or is on its way.
    pub queued: u64,
    pub sent: u64,
    pub failed: u64,
    /// The request left and its answer was lost.
    pub unknown: u64,
    pub opted_out: u64,
    pub do_not_disturb: u64,
    pub duplicate: u64,
    pub cancelled: u64,
}

impl RecipientCounts {
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        self.opted_out + self.do_not_disturb + self.duplicate
    }

    #[must_use]
    pub const fn total(&self) -> u64 {
        self.pending + self.queued + self.sent + self.failed + self.unknown + self.skipped() + self.cancelled
    }

    fn add(&mut self, campaign: CampaignStatus, status: &str, reason: &str, count: u64) -> Result<(), StoreError> {
        let place = match (status, reason) {
            ("PENDING", _) if campaign == CampaignStatus::Cancelled => &mut self.cancelled,
            ("PENDING", _) => &mut self.pending,
            ("QUEUED", _) => &mut self.queued,
            ("SENT", _) => &mut self.sent,
            ("FAILED", UNKNOWN) => &mut self.unknown,
            ("FAILED", _) => &mut self.failed,
            ("SKIPPED", reason) => match parse::<Skip>(reason)? {
                Skip::OptedOut => &mut self.opted_out,
                Skip::DoNotDisturb => &mut self.do_not_disturb,
                Skip::Duplicate => &mut self.duplicate,
                Skip::Cancelled => &mut self.cancelled,
            },
            (other, _) => return Err(StoreError::Unreadable(format!("a recipient is {other:?}"))),
        };
        *place += count;
        Ok(())
    }
}

/// The reason of a recipient to whom the message may have been delivered: it is not sent again by itself.
pub(crate) const UNKNOWN: &str = "UNKNOWN";

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retried {
    pub changed: Changed,
    pub recipients: u64,
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

#[derive(FromRow)]
struct CountRow {
    campaign_id: Uuid,
    campaign_status: String,
    status: String,
    reason: String,
    count: i64,
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
             where c.organisation_id = $1 and c.id = $2 and ($3 is null or {STATUS} = $3) \
             and ($4 is null or r.id > $4) order by r.id limit $5 offset $6"
        ))
        .bind(organisation_id)
        .bind(id)
        .bind(filter.status.map(RecipientStatus::word))
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
        let (count,): (i64,) = sql(format!(
            "select count(*) from campaigns c join campaign_recipients r on r.campaign_id = c.id \
             where c.organisation_id = $1 and c.id = $2 and ($3 is null or {STATUS} = $3)"
        ))
        .bind(organisation_id)
        .bind(id)
        .bind(filter.status.map(RecipientStatus::word))
        .fetch_one(self)
        .await?;
        Ok(count.unsigned_abs())
    }

    /// How the recipients of one campaign stand, or of each that has any.
    pub async fn recipient_counts(
        &self,
        organisation_id: OrganisationId,
        id: Option<CampaignId>,
    ) -> Result<Vec<(CampaignId, RecipientCounts)>, StoreError> {
        let rows: Vec<CountRow> = sql("select r.campaign_id, c.status as campaign_status, r.status, r.reason, \
             count(*) as count from campaigns c join campaign_recipients r on r.campaign_id = c.id \
             where c.organisation_id = $1 and ($2 is null or c.id = $2) \
             group by r.campaign_id, c.status, r.status, r.reason order by r.campaign_id")
        .bind(organisation_id)
        .bind(id)
        .fetch_all(self)
        .await?;
        let mut counts: Vec<(CampaignId, RecipientCounts)> = Vec::new();
        for CountRow { campaign_id, campaign_status, status, reason, count } in rows {
            let campaign_id = CampaignId::from(campaign_id);
            if counts.last().is_none_or(|(last, _)| *last != campaign_id) {
                counts.push((campaign_id, RecipientCounts::default()));
            }
            if let Some((_, last)) = counts.last_mut() {
                last.add(parse(&campaign_status)?, &status, &reason, count.unsigned_abs())?;
            }
        }
        Ok(counts)
    }

    /// Puts those that failed back, batch by batch, so that nobody waits long for the organisation. Not those whose
    /// message may have been delivered.
    pub async fn retry_recipients(
        &self,
        organisation_id: OrganisationId,
        id: CampaignId,
        audit: &NewAudit,
        now: DateTime<Utc>,
    ) -> Result<Retried, StoreError> {
        let mut retried = Retried { changed: Changed::Unknown, recipients: 0 };
        let mut after = RecipientId::from_uuid(Uuid::nil());
        loop {
            let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
            let Some(status) = status_of(&mut tx, organisation_id, id).await? else { return Ok(retried) };
            let first = after.uuid().is_nil();
            let next = match status.after(Transition::Retry) {
                Ok(next) => next,
                Err(refused) if first => return Ok(Retried { changed: Changed::NotNow(refused), ..retried }),
                // Cancelled meanwhile.
                Err(_) => return Ok(retried),
            };
            let batch = put_back(&mut tx, id, after).await?;
            let Some(last) = batch.iter().max().copied() else {
                return Ok(if first { Retried { changed: Changed::Done(status), ..retried } } else { retried });
            };
            if next != status {
                set_status(&mut tx, id, next).await?;
            }
            if first {
                audit::insert(&mut tx, &[audit], now).await?;
            }
            tx.commit().await?;
            after = last;
            retried.changed = Changed::Done(next);
            retried.recipients += batch.len() as u64;
        }
    }
}

async fn put_back(tx: &mut OrganisationTx, id: CampaignId, after: RecipientId) -> Result<Vec<RecipientId>, StoreError> {
    let rows: Vec<(Uuid,)> = sql("update campaign_recipients set status = 'PENDING', reason = '', error = null, \
         sent_at = null, message_id = null, conversation_id = null where id in (select r.id \
         from campaign_recipients r where r.campaign_id = $1 and r.status = 'FAILED' and r.reason <> $2 and r.id > $3 \
         order by r.id limit $4) returning id")
    .bind(id)
    .bind(UNKNOWN)
    .bind(after)
    .bind(RETRY_BATCH)
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|(id,)| id.into()).collect())
}
