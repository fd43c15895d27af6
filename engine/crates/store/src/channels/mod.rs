//! Channels: what they are, and how caches learn that they changed. What people
//! change is in `changes.rs`, what platforms change in `states.rs`, how they are
//! looked after in `upkeep.rs`, how their tokens are renewed in `renewal.rs`,
//! which are on a server of the installation's own in `hosting.rs`, whether their
//! platforms know their webhooks in `registration.rs`, and by which tokens these are found in `webhook_tokens.rs`.

pub(crate) mod alerts;
mod changes;
pub(crate) mod credentials;
mod hosting;
pub mod registration;
pub mod renewal;
mod states;
mod upkeep;
pub mod webhook_tokens;

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId, OrganisationId, UserId, connection::Connection, event::Change, platform::SessionState,
    sending::ChannelStatus,
};
use serde_json::Value;
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    audit::{self, NewAudit},
    backend::sql,
    organisation_tx::OrganisationTx,
    rows::{batch, parse},
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
    pub session_since: Option<DateTime<Utc>>,
    pub session_tries: u32,
    pub session_wanted: bool,
    pub last_connected_at: Option<DateTime<Utc>>,
    pub poll_cursor: Option<String>,
    pub polled_at: Option<DateTime<Utc>>,
    /// When the platform last proved that it was given the webhook's verify token.
    pub webhook_verified_at: Option<DateTime<Utc>>,
    /// Grows with every change.
    pub version: i64,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub deleted_at: Option<DateTime<Utc>>,
}

impl Channel {
    #[must_use]
    pub fn connection(&self) -> Connection {
        Connection {
            state: self.session_state,
            since: self.session_since.unwrap_or(self.created_at),
            tries: self.session_tries,
            wanted: self.session_wanted,
        }
    }
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
    /// A keyed hash of the text that the platform repeats when the webhook is set up.
    pub webhook_token: Option<String>,
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
    pub webhook_token: Option<String>,
}

const COLUMNS: &str = "id, organisation_id, channel_type, name, config, secrets, address, status, status_reason, \
    session_state, session_phone, session_since, session_tries, session_wanted, last_connected_at, poll_cursor, \
    polled_at, webhook_verified_at, version, created_by, created_at, updated_at, deleted_at";

batch! {
    struct Sought<'a> { sought: &'a str }
}

impl<'a> Sought<'a> {
    fn all(values: &'a [String]) -> Vec<Self> {
        values.iter().map(|sought| Self { sought }).collect()
    }
}

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
    session_since: Option<DateTime<Utc>>,
    session_tries: i64,
    session_wanted: bool,
    last_connected_at: Option<DateTime<Utc>>,
    poll_cursor: Option<String>,
    polled_at: Option<DateTime<Utc>>,
    webhook_verified_at: Option<DateTime<Utc>>,
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
            session_since: row.session_since,
            session_tries: u32::try_from(row.session_tries).unwrap_or(u32::MAX),
            session_wanted: row.session_wanted,
            last_connected_at: row.last_connected_at,
            poll_cursor: row.poll_cursor,
            polled_at: row.polled_at,
            webhook_verified_at: row.webhook_verified_at,
            version: row.version,
            created_by: row.created_by.map(UserId::from),
            created_at: row.created_at,
            updated_at: row.updated_at,
            deleted_at: row.deleted_at,
        })
    }
}

impl Store {
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

    /// Also those that were deleted: their history stays.
    pub async fn every_channel(&self, organisation_id: OrganisationId) -> Result<Vec<Channel>, StoreError> {
        let rows: Vec<ChannelRow> =
            sql(format!("select {COLUMNS} from channels where organisation_id = $1 order by created_at, id"))
                .bind(organisation_id)
                .fetch_all(self)
                .await?;
        rows.into_iter().map(Channel::try_from).collect()
    }

    /// Every channel, of whichever organisation, that answers to this address.
    pub async fn channels_by_address(
        &self,
        channel_type: &str,
        addresses: &[String],
    ) -> Result<Vec<Channel>, StoreError> {
        let rows: Vec<ChannelRow> = sql(format!(
            "select {COLUMNS} from channels where channel_type = $2 and address in (select r.sought from {{rows}} r) \
             and deleted_at is null order by id"
        ))
        .rows(&Sought::all(addresses))
        .bind(channel_type)
        .fetch_all(self)
        .await?;
        rows.into_iter().map(Channel::try_from).collect()
    }

    /// Every channel, of whichever organisation, with one of these values of a public setting.
    pub async fn channels_by_setting(
        &self,
        channel_type: &str,
        name: &str,
        values: &[String],
    ) -> Result<Vec<Channel>, StoreError> {
        let rows: Vec<ChannelRow> = sql(format!(
            "select {COLUMNS} from channels where channel_type = $2 \
             and cast(config->>$3 as text) in (select r.sought from {{rows}} r) and deleted_at is null order by id"
        ))
        .rows(&Sought::all(values))
        .bind(channel_type)
        .bind(name)
        .fetch_all(self)
        .await?;
        rows.into_iter().map(Channel::try_from).collect()
    }

    /// Versions of what changed since then, deleted ones included.
    pub async fn channels_changed_since(&self, since: DateTime<Utc>) -> Result<Vec<(ChannelId, i64)>, StoreError> {
        let rows: Vec<(Uuid, i64)> =
            sql("select id, version from channels where updated_at >= $1").bind(since).fetch_all(self).await?;
        Ok(rows.into_iter().map(|(id, version)| (id.into(), version)).collect())
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
