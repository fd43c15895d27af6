//! Channels: their settings, their state, and how caches learn that they changed.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId, OrganisationId, UserId,
    event::Change,
    platform::{SessionChange, SessionState},
    sending::ChannelStatus,
};
use serde_json::Value;
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    audit::{self, NewAudit},
    backend::sql,
    manual_actions,
    organisation_tx::OrganisationTx,
    rows::{parse, word},
};

#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    pub id: ChannelId,
    pub organisation_id: OrganisationId,
    pub channel_type: String,
    pub name: String,
    /// Public settings only.
    pub config: Value,
    /// Sealed.
    pub secrets: Vec<u8>,
    pub address: Option<String>,
    pub status: ChannelStatus,
    pub status_reason: Option<String>,
    pub session_state: Option<SessionState>,
    pub session_phone: Option<String>,
    pub last_connected_at: Option<DateTime<Utc>>,
    pub poll_cursor: Option<String>,
    pub polled_at: Option<DateTime<Utc>>,
    /// Grows with every change.
    pub version: i64,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub deleted_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug)]
pub struct NewChannel {
    pub id: ChannelId,
    pub organisation_id: OrganisationId,
    pub channel_type: String,
    pub name: String,
    pub config: Value,
    pub secrets: Vec<u8>,
    pub address: Option<String>,
    pub created_by: Option<UserId>,
}

/// What a person changes about a channel; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct ChannelUpdate {
    pub name: Option<String>,
    /// Settings, secrets and address change together.
    pub settings: Option<ChannelSettings>,
    pub status: Option<ChannelStatus>,
}

#[derive(Clone, Debug)]
pub struct ChannelSettings {
    pub config: Value,
    pub secrets: Vec<u8>,
    pub address: Option<String>,
}

const COLUMNS: &str = "id, organisation_id, channel_type, name, config, secrets, address, status, status_reason, \
    session_state, session_phone, last_connected_at, poll_cursor, polled_at, version, created_by, created_at, \
    updated_at, deleted_at";

#[derive(FromRow)]
struct ChannelRow {
    id: Uuid,
    organisation_id: Uuid,
    channel_type: String,
    name: String,
    config: Json<Value>,
    secrets: Vec<u8>,
    address: Option<String>,
    status: String,
    status_reason: Option<String>,
    session_state: Option<String>,
    session_phone: Option<String>,
    last_connected_at: Option<DateTime<Utc>>,
    poll_cursor: Option<String>,
    polled_at: Option<DateTime<Utc>>,
    version: i64,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    deleted_at: Option<DateTime<Utc>>,
}

impl TryFrom<ChannelRow> for Channel {
    type Error = StoreError;

    fn try_from(row: ChannelRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            organisation_id: row.organisation_id.into(),
            channel_type: row.channel_type,
            name: row.name,
            config: row.config.0,
            secrets: row.secrets,
            address: row.address,
            status: parse(&row.status)?,
            status_reason: row.status_reason,
            session_state: row.session_state.as_deref().map(parse).transpose()?,
            session_phone: row.session_phone,
            last_connected_at: row.last_connected_at,
            poll_cursor: row.poll_cursor,
            polled_at: row.polled_at,
            version: row.version,
            created_by: row.created_by.map(UserId::from),
            created_at: row.created_at,
            updated_at: row.updated_at,
            deleted_at: row.deleted_at,
        })
    }
}

impl Store {
    pub async fn create_channel(
        &self,
        channel: &NewChannel,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let organisation_id = channel.organisation_id;
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        sql("insert into channels (id, organisation_id, channel_type, name, config, secrets, address, status, \
             created_by, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, 'ACTIVE', $8, $9, $9)")
        .bind(channel.id)
        .bind(organisation_id)
        .bind(&channel.channel_type)
        .bind(&channel.name)
        .bind(channel.config.clone())
        .bind(channel.secrets.clone())
        .bind(channel.address.as_ref())
        .bind(channel.created_by)
        .bind(now)
        .execute(&mut tx)
        .await?;
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
        let ChannelSettings { config, secrets, address } =
            settings.unwrap_or(ChannelSettings { config: Value::Null, secrets: Vec::new(), address: None });
        let status = update.status.as_ref().map(word).transpose()?;
        let written = sql("update channels set name = coalesce($3, name), \
             config = case when $4 then $5 else config end, secrets = case when $4 then $6 else secrets end, \
             address = case when $4 then $7 else address end, status = coalesce($8, status), \
             status_reason = case when $8 is null then status_reason end, version = version + 1, updated_at = $9 \
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
        .execute(&mut tx)
        .await?;
        if written == 0 {
            return Ok(false);
        }
        if update.status == Some(ChannelStatus::Active) {
            manual_actions::resolve_channel(&mut tx, id).await?;
        }
        changed(tx, organisation_id, id, audit).await?;
        Ok(true)
    }

    /// The channel disappears, its history stays. False where the organisation has no such channel.
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
        changed(tx, organisation_id, id, audit).await?;
        Ok(true)
    }

    /// Also a deleted one: for the engine, which has no tenant.
    pub async fn channel(&self, id: ChannelId) -> Result<Option<Channel>, StoreError> {
        let row: Option<ChannelRow> =
            sql(format!("select {COLUMNS} from channels where id = $1")).bind(id).fetch_optional(self).await?;
        row.map(Channel::try_from).transpose()
    }

    pub async fn channel_of(
        &self,
        organisation_id: OrganisationId,
        id: ChannelId,
    ) -> Result<Option<Channel>, StoreError> {
        let channel = self.channel(id).await?;
        Ok(channel.filter(|channel| channel.organisation_id == organisation_id && channel.deleted_at.is_none()))
    }

    pub async fn channels(&self, organisation_id: OrganisationId) -> Result<Vec<Channel>, StoreError> {
        let rows: Vec<ChannelRow> = sql(format!(
            "select {COLUMNS} from channels where organisation_id = $1 and deleted_at is null order by created_at, id"
        ))
        .bind(organisation_id)
        .fetch_all(self)
        .await?;
        rows.into_iter().map(Channel::try_from).collect()
    }

    /// Every channel, of whichever organisation, that answers to this address.
    pub async fn channels_by_address(&self, channel_type: &str, address: &str) -> Result<Vec<Channel>, StoreError> {
        let rows: Vec<ChannelRow> = sql(format!(
            "select {COLUMNS} from channels where channel_type = $1 and address = $2 and deleted_at is null order by id"
        ))
        .bind(channel_type)
        .bind(address)
        .fetch_all(self)
        .await?;
        rows.into_iter().map(Channel::try_from).collect()
    }

    /// Channels of these types that are switched on: those that have a session to keep or to poll.
    pub async fn active_channels(&self, channel_types: &[String]) -> Result<Vec<Channel>, StoreError> {
        let rows: Vec<ChannelRow> = sql(format!(
            "select {COLUMNS} from channels where status <> 'DISABLED' and deleted_at is null order by id"
        ))
        .fetch_all(self)
        .await?;
        let wanted = rows.into_iter().filter(|row| channel_types.contains(&row.channel_type));
        wanted.map(Channel::try_from).collect()
    }

    /// Versions of what changed since then, deleted ones included.
    pub async fn channels_changed_since(&self, since: DateTime<Utc>) -> Result<Vec<(ChannelId, i64)>, StoreError> {
        let rows: Vec<(Uuid, i64)> =
            sql("select id, version from channels where updated_at >= $1").bind(since).fetch_all(self).await?;
        Ok(rows.into_iter().map(|(id, version)| (id.into(), version)).collect())
    }

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

async fn changed(
    mut tx: OrganisationTx,
    organisation_id: OrganisationId,
    channel_id: ChannelId,
    audit: Option<&NewAudit>,
) -> Result<(), StoreError> {
    if let Some(audit) = audit {
        let now = tx.now();
        audit::insert(&mut tx, &[audit], now).await?;
    }
    tx.push(organisation_id, Change::ChannelUpdated { channel_id })?;
    tx.commit().await
}
