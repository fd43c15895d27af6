//! Campaigns and their numbers as this dialect shows them.

use chrono::{DateTime, Utc};
use patchbay_domain::{CampaignId, ChannelId, OrganisationId, UserId, campaign::CampaignStatus, platform::TemplateUse};
use patchbay_store::campaigns as stored;
use schemars::JsonSchema;
use serde::Serialize;

use super::campaign_recipients::Recipient;

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Campaign {
    id: CampaignId,
    org_id: OrganisationId,
    channel_id: ChannelId,
    name: String,
    message_template: String,
    template: Option<TemplateUse>,
    status: CampaignStatus,
    scheduled_at: Option<DateTime<Utc>>,
    started_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
    created_by: UserId,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    created_by_user: Person,
    channel: Channel,
    #[serde(rename = "_count")]
    count: Count,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CampaignAuthor")]
struct Person {
    id: UserId,
    name: String,
    email: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CampaignChannel")]
struct Channel {
    id: ChannelId,
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CampaignCount")]
struct Count {
    recipients: u64,
}

impl From<stored::Campaign> for Campaign {
    fn from(known: stored::Campaign) -> Self {
        Self {
            id: known.id,
            org_id: known.organisation_id,
            channel_id: known.channel_id,
            name: known.name,
            message_template: known.wording.text,
            template: known.wording.template,
            status: known.status,
            scheduled_at: known.scheduled_at,
            started_at: known.started_at,
            completed_at: known.completed_at,
            created_by: known.created_by,
            created_at: known.created_at,
            updated_at: known.updated_at,
            created_by_user: Person {
                id: known.created_by,
                name: known.created_by_name,
                email: known.created_by_email,
            },
            channel: Channel { id: known.channel_id, name: known.channel_name, kind: known.channel_type },
            count: Count { recipients: known.recipient_count },
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CampaignWithRecipients")]
pub struct WithRecipients {
    #[serde(flatten)]
    pub campaign: Campaign,
    /// The first thousand; the rest is at `/recipients`.
    pub recipients: Vec<Recipient>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RetriedCampaign")]
pub struct Retried {
    #[serde(flatten)]
    pub campaign: Campaign,
    pub retried_count: u64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CampaignStats")]
pub struct Stats {
    total_recipients: u64,
    sent_count: u64,
    failed_count: u64,
    pending_count: u64,
    /// Of the pending ones, those whose message waits in the channel's queue or is on its way.
    queued_count: u64,
    /// Of the failed ones, those whose message may have been delivered: its answer was lost.
    unknown_count: u64,
    skipped_count: u64,
    skipped: Skipped,
    cancelled_count: u64,
    status: CampaignStatus,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SkippedRecipients")]
struct Skipped {
    opted_out: u64,
    do_not_disturb: u64,
    duplicate: u64,
}

impl From<stored::Counted> for Stats {
    fn from(stored::Counted { campaign, counts }: stored::Counted) -> Self {
        Self {
            total_recipients: counts.total(),
            sent_count: counts.sent,
            failed_count: counts.failed + counts.unknown,
            pending_count: counts.pending + counts.queued,
            queued_count: counts.queued,
            unknown_count: counts.unknown,
            skipped_count: counts.skipped(),
            skipped: Skipped {
                opted_out: counts.opted_out,
                do_not_disturb: counts.do_not_disturb,
                duplicate: counts.duplicate,
            },
            cancelled_count: counts.cancelled,
            status: campaign.status,
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReportedCampaign")]
pub struct Reported {
    id: CampaignId,
    name: String,
    status: CampaignStatus,
    total: u64,
    pending: u64,
    sent: u64,
    failed: u64,
    skipped: u64,
    cancelled: u64,
}

impl From<stored::Counted> for Reported {
    fn from(stored::Counted { campaign, counts }: stored::Counted) -> Self {
        Self {
            id: campaign.id,
            name: campaign.name,
            status: campaign.status,
            total: counts.total(),
            pending: counts.pending + counts.queued,
            sent: counts.sent,
            failed: counts.failed + counts.unknown,
            skipped: counts.skipped(),
            cancelled: counts.cancelled,
        }
    }
}
