//! How many recipients stand how. The database keeps the numbers with the
//! statements that change the rows, so they are exact at any time and cost nothing
//! to ask for.

use patchbay_domain::{
    CampaignId, OrganisationId,
    campaign::{CampaignStatus, Skip},
};
use sqlx::FromRow;
use uuid::Uuid;

use super::Campaign;
use crate::{Store, StoreError, backend::sql, rows::parse};

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

/// A campaign and how its recipients stand.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted {
    pub campaign: Campaign,
    pub counts: RecipientCounts,
}

/// The reason of a recipient to whom the message may have been delivered: it is not sent again by itself.
pub(crate) const UNKNOWN: &str = "UNKNOWN";

#[derive(FromRow)]
struct CountRow {
    campaign_id: Uuid,
    campaign_status: String,
    status: String,
    reason: String,
    count: i64,
}

impl Store {
    pub async fn counted_campaign(
        &self,
        organisation_id: OrganisationId,
        id: CampaignId,
    ) -> Result<Option<Counted>, StoreError> {
        let Some(campaign) = self.campaign(organisation_id, id).await? else { return Ok(None) };
        let counts = self.recipient_counts(organisation_id, Some(id)).await?;
        Ok(Some(Counted { campaign, counts: counts.first().map(|(_, counts)| *counts).unwrap_or_default() }))
    }

    /// How the recipients of one campaign stand, or of each that has any.
    pub async fn recipient_counts(
        &self,
        organisation_id: OrganisationId,
        id: Option<CampaignId>,
    ) -> Result<Vec<(CampaignId, RecipientCounts)>, StoreError> {
        let rows: Vec<CountRow> = sql("select k.campaign_id, c.status as campaign_status, k.status, k.reason, \
             k.recipients as count from campaigns c join campaign_counts k on k.campaign_id = c.id \
             where c.organisation_id = $1 and ($2 is null or c.id = $2) order by k.campaign_id")
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
}
