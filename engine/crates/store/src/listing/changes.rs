//! What a person marks about a conversation.

use chrono::{DateTime, Utc};
use patchbay_domain::{ConversationId, OrganisationId, event::Change};

use crate::{
    Store, StoreError,
    audit::{self, NewAudit},
    backend::sql,
    organisation_tx::OrganisationTx,
};

/// What a person changes; `None` leaves it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConversationUpdate {
    pub is_starred: Option<bool>,
    pub unread_count: Option<u32>,
    pub delete: bool,
}

impl Store {
    /// False where there is none, or out of sight. Whoever holds it in memory finds that it has a new version.
    pub async fn update_conversation(
        &self,
        organisation_id: OrganisationId,
        id: ConversationId,
        update: ConversationUpdate,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        let written = sql("update conversations set is_starred = coalesce($3, is_starred), \
             unread_count = coalesce($4, unread_count), read_through = case when $4 = 0 then (select o.event_sequence \
             from organisations o where o.id = $1) else read_through end, deleted_at = $5, version = version + 1, \
             updated_at = $6 \
             where organisation_id = $1 and id = $2 and deleted_at is null")
        .bind(organisation_id)
        .bind(id)
        .bind(update.is_starred)
        .bind(update.unread_count)
        .bind(update.delete.then_some(now))
        .bind(now)
        .execute(&mut tx)
        .await?;
        if written == 0 {
            return Ok(false);
        }
        audit::insert(&mut tx, audit.as_slice(), now).await?;
        tx.push(organisation_id, Change::ConversationUpdated { conversation_id: id })?;
        tx.commit().await?;
        Ok(true)
    }
}
