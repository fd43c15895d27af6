//! Campaigns: what they are and which way they go. Whom they write to is in
//! `recipients.rs`, what a running one needs in `running.rs`, and how a
//! recipient's turn becomes part of the commit of its message in `turns.rs`.
//!
//! A campaign's state changes only under its organisation's lock, so that what
//! a commit reads of it inside is so until it is committed.

mod recipients;
mod running;
pub(crate) mod turns;

use chrono::{DateTime, Utc};
use patchbay_domain::{
    CampaignId, ChannelId, MessageId, OrganisationId, UserId,
    campaign::{CampaignStatus, NotNow, Transition, Wording},
    delivery::MessageState,
    platform::TemplateUse,
};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

pub(crate) use recipients::UNKNOWN;
pub use recipients::{Added, Recipient, RecipientCounts, RecipientFilter, RecipientStatus, Retried};
pub use running::{Addressed, PassedOver, Running};

use crate::{
    Store, StoreError,
    audit::{self, NewAudit},
    backend::sql,
    delivery,
    organisation_tx::OrganisationTx,
    rows::{parse, word},
    tickets::Page,
};

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

    pub async fn create_campaign(
        &self,
        new: &NewCampaign,
        audit: &NewAudit,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let statement =
            sql("insert into campaigns (id, organisation_id, channel_id, name, message_template, template, \
             status, scheduled_at, created_by, created_at, updated_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)")
            .bind(new.id)
            .bind(new.organisation_id)
            .bind(new.channel_id)
            .bind(&new.name)
            .bind(&new.wording.text)
            .bind(stored_template(&new.wording)?)
            .bind(waiting(new.scheduled_at).word())
            .bind(new.scheduled_at)
            .bind(new.created_by)
            .bind(now);
        self.write_audited(statement, Some(audit), now).await.map(drop)
    }

    /// Only before it starts.
    pub async fn update_campaign(
        &self,
        organisation_id: OrganisationId,
        id: CampaignId,
        update: &CampaignUpdate,
        audit: &NewAudit,
        now: DateTime<Utc>,
    ) -> Result<Changed, StoreError> {
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        let Some(status) = status_of(&mut tx, organisation_id, id).await? else { return Ok(Changed::Unknown) };
        if let Err(refused) = status.may_change() {
            return Ok(Changed::NotNow(refused));
        }
        let next = update.scheduled_at.map_or(status, waiting);
        let wording = update.wording.as_ref();
        sql("update campaigns set name = coalesce($2, name), message_template = coalesce($3, message_template), \
             template = case when $4 then $5 else template end, status = $6, \
             scheduled_at = case when $7 then $8 else scheduled_at end, updated_at = $9 where id = $1")
        .bind(id)
        .bind(update.name.as_ref())
        .bind(wording.map(|wording| &wording.text))
        .bind(wording.is_some())
        .bind(wording.map_or(Ok(None), stored_template)?)
        .bind(next.word())
        .bind(update.scheduled_at.is_some())
        .bind(update.scheduled_at.flatten())
        .bind(now)
        .execute(&mut tx)
        .await?;
        audit::insert(&mut tx, &[audit], now).await?;
        tx.commit().await?;
        Ok(Changed::Done(next))
    }

    /// Cancelling also takes back what waits in the queue.
    pub async fn move_campaign(
        &self,
        organisation_id: OrganisationId,
        id: CampaignId,
        transition: Transition,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<Changed, StoreError> {
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        let Some(status) = status_of(&mut tx, organisation_id, id).await? else { return Ok(Changed::Unknown) };
        let next = match status.after(transition) {
            Ok(next) => next,
            Err(refused) => return Ok(Changed::NotNow(refused)),
        };
        set_status(&mut tx, id, next).await?;
        if next == CampaignStatus::Cancelled {
            take_back(&mut tx, id).await?;
        }
        audit::insert(&mut tx, audit.as_slice(), now).await?;
        tx.commit().await?;
        Ok(Changed::Done(next))
    }
}

const fn waiting(scheduled_at: Option<DateTime<Utc>>) -> CampaignStatus {
    if scheduled_at.is_some() { CampaignStatus::Scheduled } else { CampaignStatus::Draft }
}

fn stored_template(wording: &Wording) -> Result<Option<serde_json::Value>, StoreError> {
    Ok(wording.template.as_ref().map(serde_json::to_value).transpose()?)
}

async fn status_of(
    tx: &mut OrganisationTx,
    organisation_id: OrganisationId,
    id: CampaignId,
) -> Result<Option<CampaignStatus>, StoreError> {
    let row: Option<(String,)> =
        sql("select c.status from campaigns c where c.organisation_id = $1 and c.id = $2 {lock}")
            .bind(organisation_id)
            .bind(id)
            .fetch_optional(tx)
            .await?;
    row.map(|(status,)| parse(&status)).transpose()
}

async fn set_status(tx: &mut OrganisationTx, id: CampaignId, status: CampaignStatus) -> Result<(), StoreError> {
    let now = tx.now();
    sql("update campaigns set status = $2, updated_at = $3, \
         started_at = case when $4 then coalesce(started_at, $3) else started_at end, \
         completed_at = case when $5 then $3 else null end where id = $1")
    .bind(id)
    .bind(word(&status)?)
    .bind(now)
    .bind(status == CampaignStatus::Sending)
    .bind(matches!(status, CampaignStatus::Completed | CampaignStatus::Cancelled))
    .execute(tx)
    .await
    .map(drop)
}

/// Cancels the campaign's messages that nobody has begun to send; there are never many.
async fn take_back(tx: &mut OrganisationTx, id: CampaignId) -> Result<(), StoreError> {
    let queued: Vec<(Uuid,)> = sql("select r.message_id from campaign_recipients r where r.campaign_id = $1 \
         and r.status = 'QUEUED' and r.message_id is not null")
    .bind(id)
    .fetch_all(&mut *tx)
    .await?;
    let ids: Vec<MessageId> = queued.into_iter().map(|(id,)| id.into()).collect();
    let mut deliveries = delivery::load(tx, &ids).await?;
    for delivery in deliveries.values_mut().filter(|delivery| delivery.state == MessageState::Queued) {
        delivery.due_at = None;
        delivery.move_to(MessageState::Cancelled);
    }
    delivery::store(tx, &deliveries).await
}
