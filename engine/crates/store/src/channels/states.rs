//! What platforms and their sessions change about channels.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId,
    platform::{SessionChange, SessionState},
    sending::ChannelStatus,
};
use uuid::Uuid;

use super::changed;
use crate::{Store, StoreError, backend::sql, manual_actions, organisation_tx::OrganisationTx, rows::word};

impl Store {
    /// Makes a channel active again, or says why it is not. False where that is so already.
    pub async fn set_channel_status(
        &self,
        id: ChannelId,
        status: ChannelStatus,
        reason: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = OrganisationTx::begin_for_channels(self, [id], now).await?;
        let organisation: Option<(Uuid,)> = sql("update channels set status = $2, status_reason = $3, \
             version = version + 1, updated_at = $4 where id = $1 and deleted_at is null and status <> $2 \
             returning organisation_id")
        .bind(id)
        .bind(word(&status)?)
        .bind(reason)
        .bind(now)
        .fetch_optional(&mut tx)
        .await?;
        let Some((organisation_id,)) = organisation else { return Ok(false) };
        if status == ChannelStatus::Active {
            manual_actions::resolve_channel(&mut tx, id).await?;
        }
        changed(tx, organisation_id.into(), id, None).await?;
        Ok(true)
    }

    /// Keeps the state of the platform's session. False where it is known already.
    pub async fn set_session(
        &self,
        id: ChannelId,
        change: &SessionChange,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = OrganisationTx::begin_for_channels(self, [id], now).await?;
        let connected = (change.state == SessionState::Connected).then_some(now);
        let organisation: Option<(Uuid,)> = sql("update channels set session_state = $2, \
             session_phone = coalesce($3, session_phone), last_connected_at = coalesce($4, last_connected_at), \
             version = version + 1, updated_at = $5 where id = $1 and deleted_at is null \
             and (session_state is null or session_state <> $2 or ($3 is not null and session_phone is null) \
             or session_phone <> $3) returning organisation_id")
        .bind(id)
        .bind(word(&change.state)?)
        .bind(change.phone.as_ref())
        .bind(connected)
        .bind(now)
        .fetch_optional(&mut tx)
        .await?;
        let Some((organisation_id,)) = organisation else { return Ok(false) };
        changed(tx, organisation_id.into(), id, None).await?;
        Ok(true)
    }

    /// Where the next poll goes on. Clients do not see it.
    pub async fn set_poll_cursor(
        &self,
        id: ChannelId,
        cursor: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql("update channels set poll_cursor = $2, polled_at = $3 where id = $1")
            .bind(id)
            .bind(cursor)
            .bind(now)
            .execute(self.writer())
            .await
            .map(drop)
    }
}
