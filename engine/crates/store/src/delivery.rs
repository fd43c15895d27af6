//! How messages fare: the part of a message that reports and settlements move.
//! Both load it locked, change it in memory by the rules of the domain, and
//! store it in `writing.rs`, with everything that follows from the change.

mod writing;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use patchbay_domain::{
    CampaignId, ChannelId, ConversationId, MessageId, OrganisationId,
    attempt::Consequence,
    campaign::Skip,
    delivery::{DeliveryTimes, MessageState},
    message::Direction,
    platform::{DeliveryStatus, Failure, ReportedState},
    sending::Refusal,
};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;
pub(crate) use writing::store;

use crate::{
    StoreError,
    backend::sql,
    organisation_tx::OrganisationTx,
    rows::{Id, parse},
    sending::consequences::Learned,
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
    /// The platform says that it failed, which it had accepted.
    reported_failed: bool,
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
            reported_failed: false,
        })
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
            self.reported_failed = true;
        }
        self.changed = true;
        true
    }

    pub(crate) fn move_to(&mut self, state: MessageState) {
        self.state = state;
        self.changed = true;
    }

    /// What the channel and the recipient learn from the platform's report.
    fn learned(&self) -> Option<Learned<'_>> {
        let failure = self.failure.as_ref().filter(|_| self.reported_failed && self.state == MessageState::Failed)?;
        Some(Learned {
            consequence: Consequence::of_report(failure.kind),
            channel_id: self.channel_id,
            conversation_id: self.conversation_id,
            reason: &failure.message,
        })
    }

    /// It was not even tried, because of what the contact wished after it was queued.
    fn skip(&self) -> Option<Skip> {
        let code = self.failure.as_ref()?.code.as_deref()?;
        let wishes = [(Refusal::OptedOut, Skip::OptedOut), (Refusal::DoNotDisturb, Skip::DoNotDisturb)];
        wishes.into_iter().find(|(refusal, _)| refusal.code() == code).map(|(_, skip)| skip)
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
