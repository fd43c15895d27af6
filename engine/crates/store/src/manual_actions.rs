//! What the engine cannot decide, for a person to do.

mod closing;
mod raising;

use chrono::{DateTime, Utc};
pub(crate) use closing::{close_one, resolve_channel, resolve_dead_letter, resolve_unknown};
use patchbay_domain::{ChannelId, ConversationId, DeadLetterId, ManualActionId, MessageId, OrganisationId, UserId};
pub(crate) use raising::{NewManualAction, raise};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    audit::{self, NewAudit},
    backend::sql,
    organisation_tx::OrganisationTx,
    rows::{parse, word},
    tickets::Page,
};

pub const MESSAGE_FAILED: &str = "MESSAGE_FAILED";
pub const OUTCOME_UNKNOWN: &str = "OUTCOME_UNKNOWN";
pub const CHANNEL_UNAUTHORIZED: &str = "CHANNEL_UNAUTHORIZED";
pub const CHANNEL_ALERT: &str = "CHANNEL_ALERT";
pub const WEBHOOK_UNREGISTERED: &str = "WEBHOOK_UNREGISTERED";
pub const DEAD_LETTER: &str = "DEAD_LETTER";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ActionStatus {
    Pending,
    Completed,
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManualAction {
    pub id: ManualActionId,
    pub organisation_id: OrganisationId,
    pub channel_id: Option<ChannelId>,
    pub conversation_id: Option<ConversationId>,
    pub message_id: Option<MessageId>,
    pub dead_letter_id: Option<DeadLetterId>,
    pub kind: String,
    pub detail: String,
    pub status: ActionStatus,
    pub assigned_to: Option<UserId>,
    pub resolution: Option<String>,
    pub created_at: DateTime<Utc>,
    pub completed_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "id, organisation_id, channel_id, conversation_id, message_id, dead_letter_id, kind, detail, \
    status, assigned_to, resolution, created_at, completed_at";

#[derive(FromRow)]
struct StoredAction {
    id: Uuid,
    organisation_id: Uuid,
    channel_id: Option<Uuid>,
    conversation_id: Option<Uuid>,
    message_id: Option<Uuid>,
    dead_letter_id: Option<Uuid>,
    kind: String,
    detail: String,
    status: String,
    assigned_to: Option<Uuid>,
    resolution: Option<String>,
    created_at: DateTime<Utc>,
    completed_at: Option<DateTime<Utc>>,
}

impl TryFrom<StoredAction> for ManualAction {
    type Error = StoreError;

    fn try_from(row: StoredAction) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            organisation_id: row.organisation_id.into(),
            channel_id: row.channel_id.map(Into::into),
            conversation_id: row.conversation_id.map(Into::into),
            message_id: row.message_id.map(Into::into),
            dead_letter_id: row.dead_letter_id.map(Into::into),
            kind: row.kind,
            detail: row.detail,
            status: parse(&row.status)?,
            assigned_to: row.assigned_to.map(Into::into),
            resolution: row.resolution,
            created_at: row.created_at,
            completed_at: row.completed_at,
        })
    }
}

impl Store {
    /// The newest first; those after `before` in that order.
    pub async fn manual_actions(
        &self,
        organisation_id: OrganisationId,
        status: Option<ActionStatus>,
        before: Option<ManualActionId>,
        limit: u32,
    ) -> Result<Vec<ManualAction>, StoreError> {
        self.manual_action_page(organisation_id, status, Page { limit, offset: 0, after: before }).await
    }

    /// The newest first, page by page.
    pub async fn manual_action_page(
        &self,
        organisation_id: OrganisationId,
        status: Option<ActionStatus>,
        page: Page<ManualActionId>,
    ) -> Result<Vec<ManualAction>, StoreError> {
        let rows: Vec<StoredAction> = sql(format!(
            "select {COLUMNS} from manual_actions where organisation_id = $1 and ($2 is null or status = $2) \
             and ($3 is null or id < $3) order by id desc limit $4 offset $5"
        ))
        .bind(organisation_id)
        .bind(status.as_ref().map(word).transpose()?)
        .bind(page.after)
        .bind(page.limit)
        .bind(page.offset)
        .fetch_all(self)
        .await?;
        rows.into_iter().map(ManualAction::try_from).collect()
    }

    pub async fn count_manual_actions(
        &self,
        organisation_id: OrganisationId,
        status: Option<ActionStatus>,
    ) -> Result<u64, StoreError> {
        let (count,): (i64,) =
            sql("select count(*) from manual_actions where organisation_id = $1 and ($2 is null or status = $2)")
                .bind(organisation_id)
                .bind(status.as_ref().map(word).transpose()?)
                .fetch_one(self)
                .await?;
        Ok(count.unsigned_abs())
    }

    pub async fn manual_action(
        &self,
        organisation_id: OrganisationId,
        id: ManualActionId,
    ) -> Result<Option<ManualAction>, StoreError> {
        let row: Option<StoredAction> =
            sql(format!("select {COLUMNS} from manual_actions where organisation_id = $1 and id = $2"))
                .bind(organisation_id)
                .bind(id)
                .fetch_optional(self)
                .await?;
        row.map(ManualAction::try_from).transpose()
    }

    /// Closes it. False where it is not pending, or of another organisation.
    pub async fn complete_manual_action(
        &self,
        organisation_id: OrganisationId,
        id: ManualActionId,
        status: ActionStatus,
        resolution: &str,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        let closed = close_one(&mut tx, organisation_id, id, status, resolution).await?;
        if closed {
            audit::insert(&mut tx, audit.as_slice(), now).await?;
        }
        tx.commit().await?;
        Ok(closed)
    }
}
