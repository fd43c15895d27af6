//! What people change about channels.

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, OrganisationId, sending::ChannelStatus};
use serde_json::Value;

use super::{ChannelSettings, ChannelUpdate, NewChannel, changed, registration, renewal};
use crate::{
    Store, StoreError,
    audit::NewAudit,
    backend::sql,
    manual_actions::{self, CHANNEL_UNAUTHORIZED},
    organisation_tx::OrganisationTx,
    rows::word,
    sending,
};

impl Store {
    pub async fn create_channel(
        &self,
        channel: &NewChannel,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let organisation_id = channel.organisation_id;
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        insert(&mut tx, channel).await?;
        changed(tx, organisation_id, channel.id, audit).await
    }

    /// False where the organisation has no such channel.
    pub async fn update_channel(
        &self,
        organisation_id: OrganisationId,
        id: ChannelId,
        update: &ChannelUpdate,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        let settings = update.settings.clone();
        let replaced = settings.is_some();
        let ChannelSettings { config, secrets, address, webhook_token } = settings.unwrap_or(ChannelSettings {
            config: Value::Null,
            secrets: Vec::new(),
            address: None,
            webhook_token: None,
        });
        let status = update.status.as_ref().map(word).transpose()?;
        let written = sql("update channels set name = coalesce($3, name), \
             config = case when $4 then $5 else config end, secrets = case when $4 then $6 else secrets end, \
             address = case when $4 then $7 else address end, webhook_verified_at = case when $4 and webhook_token \
             is distinct from $10 then null else webhook_verified_at end, \
             webhook_token = case when $4 then $10 else webhook_token end, status = coalesce($8, status), \
             status_reason = case when $8 is null then status_reason end, tend_at = $9, version = version + 1, updated_at = $9 \
             where organisation_id = $1 and id = $2 and deleted_at is null")
        .bind(organisation_id)
        .bind(id)
        .bind(update.name.as_ref())
        .bind(replaced)
        .bind(config)
        .bind(secrets)
        .bind(address)
        .bind(status)
        .bind(now)
        .bind(webhook_token)
        .execute(&mut tx)
        .await?;
        if written == 0 {
            return Ok(false);
        }
        if replaced {
            renewal::forget(&mut tx, id).await?;
            registration::forget(&mut tx, id).await?;
        }
        if update.status == Some(ChannelStatus::Active) {
            manual_actions::resolve_channel(&mut tx, id, CHANNEL_UNAUTHORIZED).await?;
        }
        changed(tx, organisation_id, id, audit).await?;
        Ok(true)
    }

    /// The channel disappears, its history stays; what waits to be sent is cancelled. False where the organisation
    /// has no such channel.
    pub async fn delete_channel(
        &self,
        organisation_id: OrganisationId,
        id: ChannelId,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        let written = sql("update channels set deleted_at = $3, updated_at = $3, version = version + 1, \
             status = 'DISABLED' where organisation_id = $1 and id = $2 and deleted_at is null")
        .bind(organisation_id)
        .bind(id)
        .bind(now)
        .execute(&mut tx)
        .await?;
        if written == 0 {
            return Ok(false);
        }
        sending::cancel_batch(&mut tx, id).await?;
        changed(tx, organisation_id, id, audit).await?;
        // Of a long queue the rest; where this is cut off, the channel's session goes on with it.
        self.cancel_waiting(id, now).await?;
        Ok(true)
    }
}

pub(super) async fn insert(tx: &mut OrganisationTx, channel: &NewChannel) -> Result<(), StoreError> {
    let now = tx.now();
    sql("insert into channels (id, organisation_id, channel_type, name, config, secrets, address, status, \
         created_by, created_at, updated_at, webhook_token) \
         values ($1, $2, $3, $4, $5, $6, $7, 'ACTIVE', $8, $9, $9, $10)")
    .bind(channel.id)
    .bind(channel.organisation_id)
    .bind(&channel.channel_type)
    .bind(&channel.name)
    .bind(channel.config.clone())
    .bind(channel.secrets.clone())
    .bind(channel.address.as_ref())
    .bind(channel.created_by)
    .bind(now)
    .bind(channel.webhook_token.as_ref())
    .execute(tx)
    .await
    .map(drop)
}
