//! How messages fare: the part of a message that reports and settlements move.
//! Both load it locked, change it in memory by the rules of the domain, and
//! store it here, with everything that follows from the change.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use patchbay_domain::{
    CampaignId, ChannelId, ConversationId, MessageId, OrganisationId,
    campaign::Skip,
    delivery::{DeliveryTimes, MessageState},
    event::Change,
    message::Direction,
    platform::{DeliveryStatus, Failure, ReportedState},
    sending::Refusal,
};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{
    StoreError,
    backend::sql,
    campaigns::UNKNOWN,
    manual_actions::{self, NewManualAction},
    organisation_tx::OrganisationTx,
    rows::{Id, Time, batch, parse},
};

#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) id: MessageId,
    pub(crate) organisation_id: OrganisationId,
    pub(crate) channel_id: ChannelId,
    pub(crate) conversation_id: ConversationId,
    pub(crate) campaign_id: Option<CampaignId>,
    pub(crate) direction: Direction,
    pub(crate) external_id: Option<String>,
    pub(crate) state: MessageState,
    pub(crate) times: DeliveryTimes,
    pub(crate) failure: Option<Failure>,
    pub(crate) due_at: Option<DateTime<Utc>>,
    /// The state it was loaded in.
    before: MessageState,
    /// Something has to be written.
    changed: bool,
}

#[derive(FromRow)]
struct DeliveryRow {
    id: Uuid,
    organisation_id: Uuid,
    channel_id: Uuid,
    conversation_id: Uuid,
    campaign_id: Option<Uuid>,
    direction: String,
    external_id: Option<String>,
    state: String,
    sent_at: Option<DateTime<Utc>>,
    delivered_at: Option<DateTime<Utc>>,
    read_at: Option<DateTime<Utc>>,
    failure: Option<Json<Failure>>,
    due_at: Option<DateTime<Utc>>,
}

impl TryFrom<DeliveryRow> for Delivery {
    type Error = StoreError;

    fn try_from(row: DeliveryRow) -> Result<Self, StoreError> {
        let state = row.state.parse()?;
        Ok(Self {
            id: row.id.into(),
            organisation_id: row.organisation_id.into(),
            channel_id: row.channel_id.into(),
            conversation_id: row.conversation_id.into(),
            campaign_id: row.campaign_id.map(Into::into),
            direction: parse(&row.direction)?,
            external_id: row.external_id,
            state,
            times: DeliveryTimes { sent_at: row.sent_at, delivered_at: row.delivered_at, read_at: row.read_at },
            failure: row.failure.map(|Json(failure)| failure),
            due_at: row.due_at,
            before: state,
            changed: false,
        })
    }
}

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

impl Delivery {
    /// Applies what a platform says. False where it says nothing new.
    pub(crate) fn report(&mut self, status: &DeliveryStatus) -> bool {
        let Some(next) = self.state.after_report(status.state) else { return false };
        self.state = next;
        let stage = match status.state {
            ReportedState::Accepted | ReportedState::Sent => Some(&mut self.times.sent_at),
            ReportedState::Delivered => Some(&mut self.times.delivered_at),
            ReportedState::Read => Some(&mut self.times.read_at),
            ReportedState::Failed => None,
        };
        if let Some(stage) = stage {
            stage.get_or_insert(status.at);
        } else {
            self.failure.clone_from(&status.failure);
        }
        self.changed = true;
        true
    }

    pub(crate) fn move_to(&mut self, state: MessageState) {
        self.state = state;
        self.changed = true;
    }

    /// It was not even tried, because the contact asked for no more messages after it was queued.
    fn was_opted_out(&self) -> bool {
        let code = self.failure.as_ref().and_then(|failure| failure.code.as_deref());
        code == Some(Refusal::OptedOut.code())
    }

    /// The platform's identifier. The first one stays; false where it has another already.
    pub(crate) fn identify(&mut self, external_id: &str) -> bool {
        if let Some(known) = &self.external_id {
            return known == external_id;
        }
        self.external_id = Some(external_id.to_owned());
        self.changed = true;
        true
    }

    /// Takes over what was reported of an echo that turns out to be this message.
    pub(crate) fn absorb(&mut self, echo: &Self) {
        let reported = match echo.state {
            MessageState::Delivered => ReportedState::Delivered,
            MessageState::Read => ReportedState::Read,
            MessageState::Failed => ReportedState::Failed,
            _ => ReportedState::Sent,
        };
        if let Some(next) = self.state.after_report(reported) {
            self.move_to(next);
        }
        let DeliveryTimes { sent_at, delivered_at, read_at } = echo.times;
        self.times.sent_at = self.times.sent_at.or(sent_at);
        self.times.delivered_at = self.times.delivered_at.or(delivered_at);
        self.times.read_at = self.times.read_at.or(read_at);
        if self.state == MessageState::Failed {
            self.failure = self.failure.take().or_else(|| echo.failure.clone());
        }
        self.changed = true;
    }
}

/// Messages, locked until the end of the transaction.
pub(crate) async fn load(
    tx: &mut OrganisationTx,
    ids: &[MessageId],
) -> Result<BTreeMap<MessageId, Delivery>, StoreError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<DeliveryRow> = sql("select m.id, m.organisation_id, m.channel_id, m.conversation_id, \
         m.campaign_id, m.direction, m.external_id, m.state, m.sent_at, m.delivered_at, m.read_at, m.failure, \
         m.due_at from messages m where m.id in (select id from {rows} r) order by m.id {lock}")
    .rows(&Id::all(ids))
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(|row| Ok((row.id.into(), row.try_into()?))).collect()
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
                MessageState::Failed if delivery.was_opted_out() => ("SKIPPED", Skip::OptedOut.word()),
                MessageState::Failed => ("FAILED", ""),
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
