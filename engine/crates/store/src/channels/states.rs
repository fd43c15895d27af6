//! What platforms and their sessions change about channels.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId,
    connection::{self, Origin, Report},
    event::Change,
    platform::{SessionChange, SessionState},
    sending::ChannelStatus,
};
use uuid::Uuid;

use super::{changed, credentials};
use crate::{
    Store, StoreError,
    backend::sql,
    manual_actions::{self, CHANNEL_UNAUTHORIZED},
    organisation_tx::OrganisationTx,
    rows::{Id, word},
};

impl Store {
    /// Makes a channel active again, or stops it because its credentials are refused, for which a person is asked.
    /// False where that is so already, and where a person switched the channel off.
    pub async fn set_channel_status(
        &self,
        id: ChannelId,
        status: ChannelStatus,
        reason: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = OrganisationTx::begin_for_channels(self, [id], now).await?;
        if status == ChannelStatus::NeedsReauth {
            let stopped = credentials::ask(&mut tx, &[(id, reason.unwrap_or_default())]).await?;
            tx.commit().await?;
            return Ok(stopped > 0);
        }
        let organisation: Option<(Uuid,)> = sql("update channels set status = $2, status_reason = $3, \
             tend_at = $4, version = version + 1, updated_at = $4 where id = $1 and deleted_at is null \
             and status not in ($2, 'DISABLED') returning organisation_id")
        .bind(id)
        .bind(word(&status)?)
        .bind(reason)
        .bind(now)
        .fetch_optional(&mut tx)
        .await?;
        let Some((organisation_id,)) = organisation else { return Ok(false) };
        if status == ChannelStatus::Active {
            manual_actions::resolve_channel(&mut tx, id, CHANNEL_UNAUTHORIZED).await?;
        }
        changed(tx, organisation_id.into(), id, None).await?;
        Ok(true)
    }

    /// The platform proved that it was given the verify token of these channels' webhooks.
    pub async fn webhook_verified(&self, ids: &[ChannelId], now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut tx = OrganisationTx::begin_for_channels(self, ids.iter().copied(), now).await?;
        let verified: Vec<(Uuid, Uuid)> = sql("update channels set webhook_verified_at = $2, version = version + 1, \
             updated_at = $2 where id in (select id from {rows} r) returning organisation_id, id")
        .rows(&Id::all(ids))
        .bind(now)
        .fetch_all(&mut tx)
        .await?;
        for (organisation_id, id) in verified {
            tx.push(organisation_id.into(), Change::ChannelUpdated { channel_id: id.into() })?;
        }
        tx.commit().await
    }

    /// The platform accepted the channel's settings, and told its number.
    pub async fn channel_accepted(
        &self,
        id: ChannelId,
        phone: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = OrganisationTx::begin_for_channels(self, [id], now).await?;
        let organisation: Option<(Uuid,)> = sql("update channels set session_phone = coalesce($2, session_phone), \
             last_connected_at = $3, version = version + 1, updated_at = $3 where id = $1 returning organisation_id")
        .bind(id)
        .bind(phone)
        .bind(now)
        .fetch_optional(&mut tx)
        .await?;
        let Some((organisation_id,)) = organisation else { return Ok(()) };
        changed(tx, organisation_id.into(), id, None).await
    }

    /// Keeps the state of the platform's session as the platform told it by itself or to a person. One that is
    /// connected makes a channel active again whose credentials were refused, as `connection::revives` says. False
    /// where nothing changes by it.
    pub async fn set_session(
        &self,
        id: ChannelId,
        change: &SessionChange,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.keep_session(id, change, Origin::Told, now).await
    }

    /// The same for what the platform answers to the engine, which asks from time to time.
    pub async fn confirm_session(
        &self,
        id: ChannelId,
        change: &SessionChange,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.keep_session(id, change, Origin::Asked, now).await
    }

    async fn keep_session(
        &self,
        id: ChannelId,
        change: &SessionChange,
        origin: Origin,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = OrganisationTx::begin_for_channels(self, [id], now).await?;
        let is_connected = change.state == SessionState::Connected;
        let is_up = is_connected
            || matches!(change.state, SessionState::Starting | SessionState::AwaitingQr | SessionState::AwaitingCode);
        let known: Option<(Option<String>, String, Option<DateTime<Utc>>)> =
            sql("select session_state, status, refused_at from channels where id = $1 and deleted_at is null")
                .bind(id)
                .fetch_optional(&mut tx)
                .await?;
        let Some((before, status, refused_at)) = known else { return Ok(false) };
        let state = word(&change.state)?;
        let is_new = before.as_deref() != Some(&state);
        let report = Report { state: change.state, is_new, origin, refused_for: refused_at.map(|at| now - at) };
        let revives = status == word(&ChannelStatus::NeedsReauth)? && connection::revives(&report);
        let organisation: Option<(Uuid,)> = sql("update channels set session_state = $2, \
             session_phone = coalesce($3, session_phone), last_connected_at = coalesce($4, last_connected_at), \
             session_tries = case when $4 is null then session_tries else 0 end, \
             session_since = case when $6 then $5 else session_since end, session_wanted = session_wanted or $7, \
             tend_at = case when $6 then $5 else tend_at end, status = case when $8 then 'ACTIVE' else status end, \
             status_reason = case when $8 then null else status_reason end, \
             version = version + 1, updated_at = $5 where id = $1 and ($6 or $8 or ($3 is not null and session_phone is null) \
             or session_phone <> $3) returning organisation_id")
        .bind(id)
        .bind(state)
        .bind(change.phone.as_ref())
        .bind(is_connected.then_some(now))
        .bind(now)
        .bind(is_new)
        .bind(is_up)
        .bind(revives)
        .fetch_optional(&mut tx)
        .await?;
        let Some((organisation_id,)) = organisation else { return Ok(false) };
        if revives {
            manual_actions::resolve_channel(&mut tx, id, CHANNEL_UNAUTHORIZED).await?;
        }
        changed(tx, organisation_id.into(), id, None).await?;
        Ok(true)
    }
}
