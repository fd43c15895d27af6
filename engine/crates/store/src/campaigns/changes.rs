//! Writing campaigns, and which way they go.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    CampaignId, MessageId, OrganisationId,
    campaign::{CampaignStatus, Transition, Wording},
    delivery::MessageState,
    event::Change,
};
use uuid::Uuid;

use super::{CampaignUpdate, Changed, NewCampaign};
use crate::{
    Store, StoreError,
    audit::{self, NewAudit},
    backend::sql,
    delivery,
    organisation_tx::OrganisationTx,
    rows::{parse, word},
};

impl Store {
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
        let mut tx = OrganisationTx::begin(self, [new.organisation_id], now).await?;
        statement.execute(&mut tx).await?;
        audit::insert(&mut tx, &[audit], now).await?;
        tell(&mut tx, new.organisation_id, new.id, waiting(new.scheduled_at))?;
        tx.commit().await
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
        tell(&mut tx, organisation_id, id, next)?;
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
        tell(&mut tx, organisation_id, id, next)?;
        tx.commit().await?;
        Ok(Changed::Done(next))
    }

    /// Tells clients how far a campaign is that is sending.
    pub async fn tell_progress(
        &self,
        organisation_id: OrganisationId,
        id: CampaignId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        if status_of(&mut tx, organisation_id, id).await? == Some(CampaignStatus::Sending) {
            tell(&mut tx, organisation_id, id, CampaignStatus::Sending)?;
        }
        tx.commit().await
    }
}

/// Adds the event that says how the campaign is from now on.
pub(super) fn tell(
    tx: &mut OrganisationTx,
    organisation_id: OrganisationId,
    campaign_id: CampaignId,
    status: CampaignStatus,
) -> Result<(), StoreError> {
    tx.push(organisation_id, Change::CampaignUpdated { campaign_id, status }).map(drop)
}

const fn waiting(scheduled_at: Option<DateTime<Utc>>) -> CampaignStatus {
    if scheduled_at.is_some() { CampaignStatus::Scheduled } else { CampaignStatus::Draft }
}

fn stored_template(wording: &Wording) -> Result<Option<serde_json::Value>, StoreError> {
    Ok(wording.template.as_ref().map(serde_json::to_value).transpose()?)
}

pub(super) async fn status_of(
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

pub(super) async fn set_status(
    tx: &mut OrganisationTx,
    id: CampaignId,
    status: CampaignStatus,
) -> Result<(), StoreError> {
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
