//! Channels on a server of the installation's own, which all organisations share: each has a name there that no other
//! organisation has, or has had.

use chrono::{DateTime, Utc};
use patchbay_domain::ChannelId;
use uuid::Uuid;

use super::{NewChannel, changed, changes::insert};
use crate::{Store, StoreError, audit::NewAudit, backend::sql, organisation_tx::OrganisationTx};

impl Store {
    /// [`StoreError::Conflict`] where the name is taken: by a channel that is there, or by another organisation.
    pub async fn create_hosted_channel(
        &self,
        channel: &NewChannel,
        name: &str,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let organisation_id = channel.organisation_id;
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        insert(&mut tx, channel).await?;
        let taken: Option<(Uuid,)> = sql("insert into hosted_sessions (name, organisation_id, channel_id) \
             values ($1, $2, $3) on conflict (name) do update set channel_id = excluded.channel_id \
             where hosted_sessions.organisation_id = excluded.organisation_id and exists \
             (select 1 from channels c where c.id = hosted_sessions.channel_id and c.deleted_at is not null) \
             returning channel_id")
        .bind(name)
        .bind(organisation_id)
        .bind(channel.id)
        .fetch_optional(&mut tx)
        .await?;
        if taken.is_none() {
            return Err(StoreError::Conflict(format!("the session {name}")));
        }
        changed(tx, organisation_id, channel.id, audit).await
    }

    /// The name of a channel on the installation's own server; none where it is on another.
    pub async fn hosted_name(&self, id: ChannelId) -> Result<Option<String>, StoreError> {
        let name: Option<(String,)> =
            sql("select name from hosted_sessions where channel_id = $1").bind(id).fetch_optional(self).await?;
        Ok(name.map(|(name,)| name))
    }
}
