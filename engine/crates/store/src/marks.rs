//! What people mark about a conversation in their own words: beside its actor, for no rule reads it.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ContactId, ConversationId, OrganisationId, UserId, conversation::ConversationStatus, event::Change,
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    audit::{self, NewAudit},
    backend::sql,
    organisation_tx::OrganisationTx,
    search::index_contacts,
};

/// `None` leaves it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    pub status: Option<ConversationStatus>,
    /// `Some(None)` takes it from whoever has it.
    pub assignee_id: Option<Option<UserId>>,
    pub tags: Option<Vec<String>>,
    /// What the contact is called from now on.
    pub contact_name: Option<String>,
}

impl Store {
    /// All of it or nothing. False where there is no such conversation, or it is out of sight.
    pub async fn mark_conversation(
        &self,
        organisation_id: OrganisationId,
        id: ConversationId,
        marks: &Marks,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let Marks { status, assignee_id, tags, contact_name } = marks;
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        let contact: Option<(Uuid,)> = sql("update conversations set status = coalesce($3, status), \
             assignee_id = case when $4 then $5 else assignee_id end, tags = coalesce($6, tags), \
             version = version + 1, updated_at = $7 \
             where organisation_id = $1 and id = $2 and deleted_at is null returning contact_id")
        .bind(organisation_id)
        .bind(id)
        .bind(status.map(ConversationStatus::word))
        .bind(assignee_id.is_some())
        .bind(assignee_id.flatten())
        .bind(tags.as_ref().map(|tags| json!(tags)))
        .bind(now)
        .fetch_optional(&mut tx)
        .await?;
        let Some((contact,)) = contact else { return Ok(false) };
        if let Some(name) = contact_name {
            let rename = sql("update contacts set name = $2, updated_at = $3 where id = $1");
            rename.bind(contact).bind(name).bind(now).execute(&mut tx).await?;
            index_contacts(tx.transaction(), &[ContactId::from(contact)]).await?;
        }
        audit::insert(&mut tx, audit.as_slice(), now).await?;
        tx.push(organisation_id, Change::ConversationUpdated { conversation_id: id })?;
        tx.commit().await?;
        Ok(true)
    }
}
