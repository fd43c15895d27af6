//! What the engine cannot decide, for a person to do.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId, ConversationId, DeadLetterId, ManualActionId, MessageId, OrganisationId, UserId, event::Change,
};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::{Statement, sql},
    organisation_tx::OrganisationTx,
    rows::{Batch, Id, Time, batch, parse, word},
    tickets::Page,
};

pub const MESSAGE_FAILED: &str = "MESSAGE_FAILED";
pub const OUTCOME_UNKNOWN: &str = "OUTCOME_UNKNOWN";
pub const CHANNEL_UNAUTHORIZED: &str = "CHANNEL_UNAUTHORIZED";
pub const CHANNEL_ALERT: &str = "CHANNEL_ALERT";
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

#[derive(Clone, Debug)]
pub(crate) struct NewManualAction {
    pub(crate) organisation_id: OrganisationId,
    pub(crate) channel_id: Option<ChannelId>,
    pub(crate) conversation_id: Option<ConversationId>,
    pub(crate) message_id: Option<MessageId>,
    pub(crate) dead_letter_id: Option<DeadLetterId>,
    pub(crate) kind: &'static str,
    pub(crate) detail: String,
}

impl NewManualAction {
    pub(crate) fn new(organisation_id: OrganisationId, kind: &'static str, detail: &str) -> Self {
        Self {
            organisation_id,
            channel_id: None,
            conversation_id: None,
            message_id: None,
            dead_letter_id: None,
            kind,
            detail: detail.to_owned(),
        }
    }
}

batch! {
    struct ActionRow<'a> {
        id: ManualActionId, organisation_id: OrganisationId, channel_id: Option<ChannelId>,
        conversation_id: Option<ConversationId>, message_id: Option<MessageId>, dead_letter_id: Option<DeadLetterId>,
        kind: &'a str, detail: &'a str, status: &'a str, created_at: Time,
    }
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
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        let closed = close_one(&mut tx, organisation_id, id, status, resolution).await?;
        tx.commit().await?;
        Ok(closed)
    }
}

/// False where it is not pending.
pub(crate) async fn close_one(
    tx: &mut OrganisationTx,
    organisation_id: OrganisationId,
    id: ManualActionId,
    status: ActionStatus,
    resolution: &str,
) -> Result<bool, StoreError> {
    let statement = sql("update manual_actions set status = $3, resolution = $4, completed_at = $5 \
         where organisation_id = $1 and id = $2 and status = 'PENDING' returning organisation_id, id")
    .bind(organisation_id)
    .bind(id)
    .bind(word(&status)?)
    .bind(resolution)
    .bind(tx.now());
    Ok(close(tx, statement).await? > 0)
}

/// Asks a person.
pub(crate) async fn raise(tx: &mut OrganisationTx, actions: Vec<NewManualAction>) -> Result<(), StoreError> {
    if actions.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    let rows: Vec<_> = actions
        .iter()
        .map(|action| ActionRow {
            id: ManualActionId::at(now),
            organisation_id: action.organisation_id,
            channel_id: action.channel_id,
            conversation_id: action.conversation_id,
            message_id: action.message_id,
            dead_letter_id: action.dead_letter_id,
            kind: action.kind,
            detail: &action.detail,
            status: "PENDING",
            created_at: now.into(),
        })
        .collect();
    sql(ActionRow::insert_into("manual_actions")).rows(&rows).execute(&mut *tx).await?;
    for row in &rows {
        tx.push(row.organisation_id, Change::ManualActionUpdated { manual_action_id: row.id })?;
    }
    Ok(())
}

/// The platform answered what a person was asked about these messages.
pub(crate) async fn resolve_unknown(tx: &mut OrganisationTx, messages: &[MessageId]) -> Result<(), StoreError> {
    if messages.is_empty() {
        return Ok(());
    }
    let statement = sql("update manual_actions set status = 'COMPLETED', resolution = 'reported', completed_at = $2 \
         where message_id in (select id from {rows} r) and kind = 'OUTCOME_UNKNOWN' and status = 'PENDING' \
         returning organisation_id, id")
    .rows(&Id::all(messages))
    .bind(tx.now());
    close(tx, statement).await.map(drop)
}

pub(crate) async fn resolve_dead_letter(
    tx: &mut OrganisationTx,
    organisation_id: OrganisationId,
    id: DeadLetterId,
    resolution: &str,
) -> Result<(), StoreError> {
    let statement = sql("update manual_actions set status = 'COMPLETED', resolution = $3, completed_at = $4 \
         where organisation_id = $1 and dead_letter_id = $2 and status = 'PENDING' returning organisation_id, id")
    .bind(organisation_id)
    .bind(id)
    .bind(resolution)
    .bind(tx.now());
    close(tx, statement).await.map(drop)
}

/// The channel works again.
pub(crate) async fn resolve_channel(tx: &mut OrganisationTx, channel_id: ChannelId) -> Result<(), StoreError> {
    let statement = sql("update manual_actions set status = 'COMPLETED', resolution = 'corrected', completed_at = $2 \
         where channel_id = $1 and kind = 'CHANNEL_UNAUTHORIZED' and status = 'PENDING' returning organisation_id, id")
    .bind(channel_id)
    .bind(tx.now());
    close(tx, statement).await.map(drop)
}

async fn close(tx: &mut OrganisationTx, statement: Statement) -> Result<usize, StoreError> {
    let closed: Vec<(Uuid, Uuid)> = statement.fetch_all(&mut *tx).await?;
    for (organisation_id, id) in &closed {
        tx.push((*organisation_id).into(), Change::ManualActionUpdated { manual_action_id: (*id).into() })?;
    }
    Ok(closed.len())
}
