//! Message templates: what the platform thinks of them.

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, event::Change, platform::TemplateStatus};
use uuid::Uuid;

use crate::{Store, StoreError, backend::sql, organisation_tx::OrganisationTx};

impl Store {
    /// Keeps the platform's verdict. False where the channel has no such template.
    pub async fn set_template_status(
        &self,
        channel_id: ChannelId,
        status: &TemplateStatus,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = OrganisationTx::begin_for_channels(self, [channel_id], now).await?;
        let organisation: Option<(Uuid,)> = sql("update templates set status = $4, reason = $5, updated_at = $6 \
             where channel_id = $1 and name = $2 and language = $3 returning organisation_id")
        .bind(channel_id)
        .bind(&status.name)
        .bind(&status.language)
        .bind(&status.state)
        .bind(status.reason.as_ref())
        .bind(now)
        .fetch_optional(&mut tx)
        .await?;
        let Some((organisation_id,)) = organisation else { return Ok(false) };
        tx.push(organisation_id.into(), Change::ChannelUpdated { channel_id })?;
        tx.commit().await?;
        Ok(true)
    }
}
