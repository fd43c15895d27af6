//! A recipient's turn. The recipient and the message for it change in one
//! transaction, so that whatever happens in between, nobody is written to twice.

use std::collections::{BTreeMap, HashSet};

use patchbay_domain::{
    CampaignId, ConversationId, MessageId, RecipientId, conversation::Draft, delivery::MessageState,
};
use uuid::Uuid;

use crate::{
    StoreError,
    backend::sql,
    delivery::Delivery,
    organisation_tx::OrganisationTx,
    rows::{Id, batch},
};

/// That a message belongs to a campaign that pauses: it keeps its place and holds up nobody.
pub(crate) fn paused(message: &str) -> String {
    format!("exists (select 1 from campaigns held where held.id = {message}.campaign_id and held.status = 'PAUSED')")
}

batch! {
    struct TurnRow { id: RecipientId, conversation_id: ConversationId, message_id: MessageId }
}

fn rows<'a>(drafts: impl Iterator<Item = &'a Draft>) -> Vec<TurnRow> {
    let turns = drafts.flat_map(|draft| draft.effects.recipients.iter().map(|turn| (draft.conversation.id, turn)));
    turns
        .map(|(conversation_id, (id, message_id))| TurnRow { id: *id, conversation_id, message_id: *message_id })
        .collect()
}

/// The recipients of these drafts whose turn it is still: they wait, their campaign is sending, and nobody else of it
/// is the same conversation.
pub(crate) async fn open<'a>(
    tx: &mut OrganisationTx,
    drafts: impl Iterator<Item = &'a Draft>,
) -> Result<HashSet<RecipientId>, StoreError> {
    let turns = rows(drafts);
    if turns.is_empty() {
        return Ok(HashSet::new());
    }
    let open: Vec<(Uuid,)> = sql("select w.id from {rows} r join campaign_recipients w on w.id = r.id \
         join campaigns c on c.id = w.campaign_id where w.status = 'PENDING' and c.status = 'SENDING' \
         and not exists (select 1 from campaign_recipients o where o.campaign_id = w.campaign_id \
         and o.conversation_id = r.conversation_id and o.id <> w.id)")
    .rows(&turns)
    .fetch_all(tx)
    .await?;
    Ok(open.into_iter().map(|(id,)| id.into()).collect())
}

/// They have had their turn.
pub(crate) async fn take<'a>(
    tx: &mut OrganisationTx,
    drafts: impl Iterator<Item = &'a Draft>,
) -> Result<(), StoreError> {
    let turns = rows(drafts);
    if turns.is_empty() {
        return Ok(());
    }
    sql("update campaign_recipients set status = 'QUEUED', message_id = r.message_id, \
         conversation_id = r.conversation_id from {rows} r where campaign_recipients.id = r.id")
    .rows(&turns)
    .execute(tx)
    .await
    .map(drop)
}

/// What comes back to the queue of a campaign that was cancelled meanwhile is cancelled as well.
pub(crate) async fn drop_cancelled(
    tx: &mut OrganisationTx,
    deliveries: &mut BTreeMap<MessageId, Delivery>,
) -> Result<(), StoreError> {
    let returned = deliveries.values().filter(|delivery| delivery.state == MessageState::Queued);
    let campaigns: HashSet<CampaignId> = returned.filter_map(|delivery| delivery.campaign_id).collect();
    if campaigns.is_empty() {
        return Ok(());
    }
    let cancelled: Vec<(Uuid,)> =
        sql("select c.id from campaigns c where c.id in (select id from {rows} r) and c.status = 'CANCELLED'")
            .rows(&Id::all(&Vec::from_iter(campaigns)))
            .fetch_all(tx)
            .await?;
    let cancelled: HashSet<CampaignId> = cancelled.into_iter().map(|(id,)| id.into()).collect();
    for delivery in deliveries.values_mut().filter(|delivery| delivery.state == MessageState::Queued) {
        if delivery.campaign_id.is_some_and(|campaign| cancelled.contains(&campaign)) {
            delivery.due_at = None;
            delivery.move_to(MessageState::Cancelled);
        }
    }
    Ok(())
}
