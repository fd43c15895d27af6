//! What people decide about messages whose outcome the engine does not know.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ManualActionId, MessageId, OrganisationId,
    delivery::{Decision, MessageState},
};

use crate::{
    Store, StoreError,
    audit::{self, NewAudit},
    delivery,
    jobs::{self, NewJob, Partitions},
    manual_actions::{self, ActionStatus},
    organisation_tx::OrganisationTx,
};

/// A question about a message, and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decided {
    pub organisation_id: OrganisationId,
    pub question: ManualActionId,
    pub message_id: MessageId,
    pub decision: Decision,
}

impl Store {
    /// Closes the question and moves its message. False where the question was closed already.
    pub async fn decide(
        &self,
        decided: Decided,
        partitions: Partitions,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let Decided { organisation_id, question, message_id, decision } = decided;
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        let status = ActionStatus::Completed;
        if !manual_actions::close_one(&mut tx, organisation_id, question, status, decision.word()).await? {
            return Ok(false);
        }
        let mut deliveries = delivery::load(&mut tx, &[message_id]).await?;
        deliveries.retain(|_, delivery| delivery.organisation_id == organisation_id);
        for delivery in deliveries.values_mut() {
            let Some(next) = delivery.state.after_decision(decision) else { continue };
            delivery.due_at = None;
            match next {
                MessageState::Queued => {
                    delivery.due_at = Some(now);
                    delivery.failure = None;
                    let channel_id = delivery.channel_id;
                    let job = NewJob {
                        direction: jobs::Direction::Outbound,
                        partition: partitions.of(channel_id),
                        channel_id,
                        key: message_id.uuid(),
                        payload: jobs::wake_up(channel_id, message_id)?,
                        available_at: now,
                    };
                    jobs::insert(&mut tx, &[job], now).await?;
                }
                MessageState::Sent => {
                    delivery.failure = None;
                    delivery.times.sent_at.get_or_insert(now);
                }
                _ => {}
            }
            delivery.move_to(next);
        }
        delivery::store(&mut tx, &deliveries).await?;
        audit::insert(&mut tx, audit.as_slice(), now).await?;
        tx.commit().await?;
        Ok(true)
    }
}
