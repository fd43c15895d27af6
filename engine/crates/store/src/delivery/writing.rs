//! Storing how messages fare, and what follows from it.

use std::collections::BTreeMap;

use patchbay_domain::{MessageId, campaign::Skip, delivery::MessageState, event::Change, platform::Failure};

use super::Delivery;
use crate::{
    StoreError,
    backend::sql,
    campaigns::UNKNOWN,
    manual_actions::{self, NewManualAction},
    organisation_tx::OrganisationTx,
    rows::{Time, batch},
    sending::consequences,
};

batch! {
    struct MessageRow<'a> {
        id: MessageId, external_id: Option<&'a str>, state: MessageState, sent_at: Option<Time>,
        delivered_at: Option<Time>, read_at: Option<Time>, failure: Option<&'a Failure>, due_at: Option<Time>,
    }
}

batch! {
    struct RecipientRow<'a> {
        message_id: MessageId, status: &'a str, reason: &'a str, error: Option<&'a str>, sent_at: Option<Time>,
    }
}

/// Writes what changed, and tells who has to know: clients, campaigns, and a person where one has to decide.
pub(crate) async fn store(
    tx: &mut OrganisationTx,
    deliveries: &BTreeMap<MessageId, Delivery>,
) -> Result<(), StoreError> {
    let changed: Vec<_> = deliveries.values().filter(|delivery| delivery.changed).collect();
    if changed.is_empty() {
        return Ok(());
    }
    update_messages(tx, &changed).await?;
    let moved: Vec<_> = changed.into_iter().filter(|delivery| delivery.state != delivery.before).collect();
    for delivery in &moved {
        let Delivery { conversation_id, id: message_id, state, .. } = **delivery;
        tx.push(delivery.organisation_id, Change::MessageState { conversation_id, message_id, state })?;
    }
    update_recipients(tx, &moved).await?;
    let known: Vec<_> =
        moved.iter().filter(|delivery| delivery.before == MessageState::Unknown).map(|delivery| delivery.id).collect();
    manual_actions::resolve_unknown(tx, &known).await?;
    consequences::draw(tx, &moved.iter().filter_map(|delivery| delivery.learned()).collect::<Vec<_>>()).await?;
    manual_actions::raise(tx, moved.iter().filter_map(|delivery| question(delivery)).collect()).await
}

async fn update_messages(tx: &mut OrganisationTx, changed: &[&Delivery]) -> Result<(), StoreError> {
    let rows: Vec<_> = changed
        .iter()
        .map(|delivery| MessageRow {
            id: delivery.id,
            external_id: delivery.external_id.as_deref(),
            state: delivery.state,
            sent_at: delivery.times.sent_at.map(Into::into),
            delivered_at: delivery.times.delivered_at.map(Into::into),
            read_at: delivery.times.read_at.map(Into::into),
            failure: delivery.failure.as_ref(),
            due_at: delivery.due_at.map(Into::into),
        })
        .collect();
    sql("update messages set external_id = r.external_id, state = r.state, sent_at = r.sent_at, \
         delivered_at = r.delivered_at, read_at = r.read_at, failure = r.failure, due_at = r.due_at, \
         updated_at = $2 from {rows} r where messages.id = r.id")
    .rows(&rows)
    .bind(tx.now())
    .execute(tx)
    .await
    .map(drop)
}

async fn update_recipients(tx: &mut OrganisationTx, moved: &[&Delivery]) -> Result<(), StoreError> {
    let rows: Vec<_> = (moved.iter().filter(|delivery| delivery.campaign_id.is_some()))
        .filter_map(|delivery| {
            let (status, reason) = match delivery.state {
                MessageState::Sent | MessageState::Delivered | MessageState::Read => ("SENT", ""),
                MessageState::Failed => delivery.skip().map_or(("FAILED", ""), |skip| ("SKIPPED", skip.word())),
                MessageState::Unknown => ("FAILED", UNKNOWN),
                MessageState::Cancelled => ("SKIPPED", Skip::Cancelled.word()),
                // Somebody decided that it is sent again.
                MessageState::Queued if delivery.before == MessageState::Unknown => ("QUEUED", ""),
                MessageState::Received | MessageState::Scheduled | MessageState::Queued | MessageState::Sending => {
                    return None;
                }
            };
            Some(RecipientRow {
                message_id: delivery.id,
                status,
                reason,
                error: delivery.failure.as_ref().map(|failure| failure.message.as_str()),
                sent_at: delivery.times.sent_at.map(Into::into),
            })
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    sql("update campaign_recipients set status = r.status, reason = r.reason, error = r.error, sent_at = r.sent_at \
         from {rows} r where campaign_recipients.message_id = r.message_id")
    .rows(&rows)
    .execute(tx)
    .await
    .map(drop)
}

/// What a person has to decide about a message. A campaign's failures are in its own list.
fn question(delivery: &Delivery) -> Option<NewManualAction> {
    let kind = match delivery.state {
        MessageState::Failed if delivery.campaign_id.is_none() => manual_actions::MESSAGE_FAILED,
        MessageState::Unknown => manual_actions::OUTCOME_UNKNOWN,
        _ => return None,
    };
    let detail = delivery.failure.as_ref().map_or("", |failure| failure.message.as_str());
    Some(NewManualAction {
        channel_id: Some(delivery.channel_id),
        conversation_id: Some(delivery.conversation_id),
        message_id: Some(delivery.id),
        ..NewManualAction::new(delivery.organisation_id, kind, detail)
    })
}
