//! Campaigns: what they are. Which way they go is in `changes.rs` and
//! `retries.rs`, whom they write to in `recipients.rs` and `counts.rs`, what a
//! running one needs in `running.rs`, and how a recipient's turn becomes part of
//! the commit of their message in `turns.rs`.
//!
//! A campaign's state changes only under its organisation's lock, so that what
//! a commit reads of it inside is so until it is committed.

mod changes;
mod counts;
mod recipients;
mod retries;
mod running;
pub(crate) mod turns;

use chrono::{DateTime, Utc};
use patchbay_domain::{
    CampaignId, ChannelId, OrganisationId, UserId,
    campaign::{CampaignStatus, NotNow, Wording},
    platform::TemplateUse,
};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

pub(crate) use counts::UNKNOWN;
pub use counts::{Counted, RecipientCounts};
pub use recipients::{Added, Recipient, RecipientFilter, RecipientStatus};
pub use retries::Retried;
pub use running::{Addressed, PassedOver, Running};

use crate::{Store, StoreError, backend::sql, rows::parse, tickets::Page};

#[derive(Clone, Debug, PartialEq)]
pub struct Campaign {
    pub id: CampaignId,
    pub organisation_id: OrganisationId,
    pub channel_id: ChannelId,
    pub channel_name: String,
    pub channel_type: String,
    pub name: String,
    pub wording: Wording,
    pub status: CampaignStatus,
    pub scheduled_at: Option<DateTime<Utc>>,
    pub started_at: Option<DateTime<Utc>>,
    pub completed_at: Option<DateTime<Utc>>,
    pub recipient_count: u64,
    pub created_by: UserId,
    pub created_by_name: String,
    pub created_by_email: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug)]
pub struct NewCampaign {
    pub id: CampaignId,
    pub organisation_id: OrganisationId,
    pub channel_id: ChannelId,
    pub name: String,
    pub wording: Wording,
    /// With one it is scheduled, else a draft.
    pub scheduled_at: Option<DateTime<Utc>>,
    pub created_by: UserId,
}

/// What changes about a campaign; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct CampaignUpdate {
    pub name: Option<String>,
    pub wording: Option<Wording>,
    pub scheduled_at: Option<Option<DateTime<Utc>>>,
}

/// What became of a change that a campaign's state may forbid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    Done(CampaignStatus),
    NotNow(NotNow),
    /// The organisation has no such campaign.
    Unknown,
}

/// The last one of the page before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CampaignCursor {
    pub created_at: DateTime<Utc>,
    pub id: CampaignId,
}

#[derive(FromRow)]
struct CampaignRow {
    id: Uuid,
    organisation_id: Uuid,
    channel_id: Uuid,
    channel_name: String,
    channel_type: String,
    name: String,
    message_template: String,
    template: Option<Json<TemplateUse>>,
    status: String,
    scheduled_at: Option<DateTime<Utc>>,
    started_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
    recipient_count: i64,
    created_by: Uuid,
    created_by_name: String,
    created_by_email: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<CampaignRow> for Campaign {
    type Error = StoreError;

    fn try_from(row: CampaignRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            organisation_id: row.organisation_id.into(),
            channel_id: row.channel_id.into(),
            channel_name: row.channel_name,
            channel_type: row.channel_type,
            name: row.name,
            wording: Wording { text: row.message_template, template: row.template.map(|Json(template)| template) },
            status: parse(&row.status)?,
            scheduled_at: row.scheduled_at,
            started_at: row.started_at,
            completed_at: row.completed_at,
            recipient_count: row.recipient_count.unsigned_abs(),
            created_by: row.created_by.into(),
            created_by_name: row.created_by_name,
            created_by_email: row.created_by_email,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

const SELECT: &str = "select c.id, c.organisation_id, c.channel_id, h.name as channel_name, h.channel_type, c.name, \
    c.message_template, c.template, c.status, c.scheduled_at, c.started_at, c.completed_at, c.recipient_count, \
    c.created_by, u.name as created_by_name, u.email as created_by_email, c.created_at, c.updated_at \
    from campaigns c join channels h on h.id = c.channel_id join users u on u.id = c.created_by";

impl Store {
    /// The newest first.
    pub async fn campaigns(
        &self,
        organisation_id: OrganisationId,
        page: Page<CampaignCursor>,
    ) -> Result<Vec<Campaign>, StoreError> {
        let rows: Vec<CampaignRow> = sql(format!(
            "{SELECT} where c.organisation_id = $1 and ($2 is null or c.created_at < $2 \
             or (c.created_at = $2 and c.id < $3)) order by c.created_at desc, c.id desc limit $4 offset $5"
        ))
        .bind(organisation_id)
        .bind(page.after.map(|cursor| cursor.created_at))
        .bind(page.after.map(|cursor| cursor.id))
        .bind(page.limit)
        .bind(page.offset)
        .fetch_all(self)
        .await?;
        rows.into_iter().map(Campaign::try_from).collect()
    }

    pub async fn count_campaigns(&self, organisation_id: OrganisationId) -> Result<u64, StoreError> {
        let (count,): (i64,) = sql("select count(*) from campaigns where organisation_id = $1")
            .bind(organisation_id)
            .fetch_one(self)
            .await?;
        Ok(count.unsigned_abs())
    }

    pub async fn campaign(
        &self,
        organisation_id: OrganisationId,
        id: CampaignId,
    ) -> Result<Option<Campaign>, StoreError> {
        let row: Option<CampaignRow> = sql(format!("{SELECT} where c.organisation_id = $1 and c.id = $2"))
            .bind(organisation_id)
            .bind(id)
            .fetch_optional(self)
            .await?;
        row.map(Campaign::try_from).transpose()
    }
}
