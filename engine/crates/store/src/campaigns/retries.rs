//! Writing once more to those of a campaign that failed.

use chrono::{DateTime, Utc};
use patchbay_domain::{CampaignId, OrganisationId, RecipientId, campaign::Transition};
use uuid::Uuid;

use super::{
    Changed, UNKNOWN,
    changes::{set_status, status_of, tell},
};
use crate::{
    Store, StoreError,
    audit::{self, NewAudit},
    backend::sql,
    organisation_tx::OrganisationTx,
};

/// Failed recipients that are put back in one transaction.
const RETRY_BATCH: u32 = 5_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retried {
    pub changed: Changed,
    pub recipients: u64,
}

impl Store {
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
                tell(&mut tx, organisation_id, id, next)?;
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
