//! What was asked is done, or asked no more.

use patchbay_domain::{ChannelId, DeadLetterId, ManualActionId, MessageId, OrganisationId, event::Change};
use uuid::Uuid;

use super::ActionStatus;
use crate::{
    StoreError,
    backend::{Statement, sql},
    organisation_tx::OrganisationTx,
    rows::{Id, word},
};

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

/// The channel works again, as far as questions of this kind go.
pub(crate) async fn resolve_channel(
    tx: &mut OrganisationTx,
    channel_id: ChannelId,
    kind: &str,
) -> Result<(), StoreError> {
    let statement = sql("update manual_actions set status = 'COMPLETED', resolution = 'corrected', completed_at = $2 \
         where channel_id = $1 and kind = $3 and status = 'PENDING' returning organisation_id, id")
    .bind(channel_id)
    .bind(tx.now())
    .bind(kind);
    close(tx, statement).await.map(drop)
}

async fn close(tx: &mut OrganisationTx, statement: Statement) -> Result<usize, StoreError> {
    let closed: Vec<(Uuid, Uuid)> = statement.fetch_all(&mut *tx).await?;
    for (organisation_id, id) in &closed {
        tx.push((*organisation_id).into(), Change::ManualActionUpdated { manual_action_id: (*id).into() })?;
    }
    Ok(closed.len())
}
