//! Asking a person.

use patchbay_domain::{
    ChannelId, ConversationId, DeadLetterId, ManualActionId, MessageId, OrganisationId, event::Change,
};

use crate::{
    StoreError,
    backend::sql,
    organisation_tx::OrganisationTx,
    rows::{Batch, Time, batch},
};

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
