//! Campaigns as those see them who asked for their progress. Everything else about
//! them is the helpdesk dialect's.

use patchbay_domain::{CampaignId, campaign::CampaignStatus};
use patchbay_store::campaigns::{Counted, RecipientCounts};
use serde::Serialize;

use super::query::Moment;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Campaign {
    id: CampaignId,
    name: String,
    status: CampaignStatus,
    total_recipients: u64,
    sent_count: u64,
    failed_count: u64,
    pending_count: u64,
    skipped_count: u64,
    cancelled_count: u64,
    started_at: Option<Moment>,
    completed_at: Option<Moment>,
}

impl Campaign {
    /// With the status that it had then; its numbers are those of by now.
    pub fn of(Counted { campaign, counts }: Counted, status: CampaignStatus) -> Self {
        let RecipientCounts { pending, queued, sent, failed, unknown, cancelled, .. } = counts;
        Self {
            id: campaign.id,
            name: campaign.name,
            status,
            total_recipients: counts.total(),
            sent_count: sent,
            failed_count: failed + unknown,
            pending_count: pending + queued,
            skipped_count: counts.skipped(),
            cancelled_count: cancelled,
            started_at: campaign.started_at.map(Moment),
            completed_at: campaign.completed_at.map(Moment),
        }
    }
}
