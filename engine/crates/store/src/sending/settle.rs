//! How attempts end. An answer that comes after somebody else ended the attempt
//! still counts where it proves that the message was sent, and else no more.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use patchbay_domain::{
    AttemptId, ChannelId, MessageId,
    attempt::{Consequence, Settlement, is_alarming, is_out_of_reach},
    delivery::MessageState,
    platform::{Failure, FailureKind, ReportedState},
};
use uuid::Uuid;

use super::{
    consequences::{self, Learned},
    pauses,
};
use crate::{
    Store, StoreError,
    backend::sql,
    campaigns::turns,
    channels::alerts::{self, Alert, Unless},
    delivery::{self, Delivery},
    external_ids::{self, Identified},
    organisation_tx::OrganisationTx,
    rows::{Id, Time, batch},
    statuses,
};

/// How an attempt ended, or with none why there was no attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    pub message_id: MessageId,
    pub channel_id: ChannelId,
    pub attempt_id: Option<AttemptId>,
    pub settlement: Settlement,
    pub consequence: Consequence,
}

batch! {
    struct EndedRow<'a> {
        id: AttemptId, ended_at: Time, outcome: &'a str, code: Option<&'a str>, detail: Option<&'a str>,
    }
}

impl Settled {
    fn outcome(&self) -> (&'static str, Option<&Failure>) {
        match &self.settlement {
            Settlement::Sent { .. } => ("SENT", None),
            Settlement::Retry { failure, .. } => ("RETRY", Some(failure)),
            Settlement::Failed(failure) => ("FAILED", Some(failure)),
            Settlement::Unknown(failure) => ("UNKNOWN", Some(failure)),
        }
    }

    fn learned<'a>(&'a self, deliveries: &BTreeMap<MessageId, Delivery>) -> Option<Learned<'a>> {
        Some(Learned {
            consequence: self.consequence,
            channel_id: self.channel_id,
            conversation_id: deliveries.get(&self.message_id)?.conversation_id,
            reason: self.outcome().1.map_or("", |failure| failure.message.as_str()),
        })
    }

    fn identified(&self) -> impl Iterator<Item = Identified> {
        let ids = match &self.settlement {
            Settlement::Sent { external_ids } => external_ids.as_slice(),
            _ => &[],
        };
        ids.iter().map(|external_id| Identified {
            message_id: self.message_id,
            channel_id: self.channel_id,
            external_id: external_id.clone(),
        })
    }
}

impl Store {
    /// Ends the attempts and moves their messages, with everything that follows, in one transaction. To settle
    /// the same twice changes nothing.
    pub async fn settle(&self, settled: &[Settled], now: DateTime<Utc>) -> Result<(), StoreError> {
        let channels = settled.iter().map(|settled| settled.channel_id);
        let mut tx = OrganisationTx::begin_for_channels(self, channels, now).await?;
        let ids: BTreeSet<_> = settled.iter().map(|settled| settled.message_id).collect();
        let mut deliveries = delivery::load(&mut tx, &Vec::from_iter(ids)).await?;
        let ended = end_attempts(&mut tx, settled).await?;
        for settled in settled {
            if let Some(delivery) = deliveries.get_mut(&settled.message_id) {
                let ours = settled.attempt_id.is_none_or(|attempt| ended.contains(&attempt));
                move_message(delivery, settled, ours, now);
            }
        }
        let identified: Vec<_> = settled.iter().flat_map(Settled::identified).collect();
        external_ids::store(&mut tx, &mut deliveries, &identified).await?;
        statuses::apply_pending(&mut tx, &mut deliveries, &identified).await?;
        turns::drop_cancelled(&mut tx, &mut deliveries).await?;
        delivery::store(&mut tx, &deliveries).await?;
        count_paced(&mut tx, settled, &ended).await?;
        consequences::draw(&mut tx, &settled.iter().filter_map(|one| one.learned(&deliveries)).collect::<Vec<_>>())
            .await?;
        tell_of_long_waits(&mut tx, settled, &deliveries).await?;
        pauses::store(&mut tx, settled).await?;
        tx.commit().await
    }
}

/// Those that were open until now.
async fn end_attempts(tx: &mut OrganisationTx, settled: &[Settled]) -> Result<HashSet<AttemptId>, StoreError> {
    let now = tx.now();
    let rows: Vec<_> = settled
        .iter()
        .filter_map(|settled| {
            let (outcome, failure) = settled.outcome();
            Some(EndedRow {
                id: settled.attempt_id?,
                ended_at: now.into(),
                outcome,
                code: failure.and_then(|failure| failure.code.as_deref()),
                detail: failure.map(|failure| failure.message.as_str()),
            })
        })
        .collect();
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let ended: Vec<(Uuid,)> = sql("update attempts set ended_at = r.ended_at, outcome = r.outcome, code = r.code, \
         detail = r.detail from {rows} r where attempts.id = r.id and attempts.ended_at is null \
         returning attempts.id")
    .rows(&rows)
    .fetch_all(tx)
    .await?;
    Ok(ended.into_iter().map(|(id,)| id.into()).collect())
}

/// Attempts that came too fast, or reached nobody, do not count toward the most that are made.
async fn count_paced(
    tx: &mut OrganisationTx,
    settled: &[Settled],
    ended: &HashSet<AttemptId>,
) -> Result<(), StoreError> {
    let paced = settled.iter().filter(|settled| {
        let limited = (settled.outcome().1)
            .is_some_and(|failure| failure.kind == FailureKind::RateLimited || is_out_of_reach(failure));
        limited && settled.attempt_id.is_some_and(|attempt| ended.contains(&attempt))
    });
    let ids: Vec<_> = paced.map(|settled| settled.message_id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    sql("update messages set paced = paced + 1 where id in (select id from {rows} r)")
        .rows(&Id::all(&ids))
        .execute(tx)
        .await
        .map(drop)
}

/// How everything begins that is told of long waits.
const WAITS: &str = "The platform has the channel wait:";

/// Nothing is lost by it, but somebody should look why.
async fn tell_of_long_waits(
    tx: &mut OrganisationTx,
    settled: &[Settled],
    deliveries: &BTreeMap<MessageId, Delivery>,
) -> Result<(), StoreError> {
    for one in settled {
        let failure = one.outcome().1.filter(|failure| one.attempt_id.is_some() && is_alarming(failure));
        let Some((failure, delivery)) = failure.zip(deliveries.get(&one.message_id)) else { continue };
        let alert = Alert {
            organisation_id: delivery.organisation_id,
            channel_id: one.channel_id,
            title: "A platform has a channel wait",
            message: &format!("{WAITS} {}", failure.message),
        };
        alerts::raise(tx, alert, Unless::Pending(WAITS)).await?;
    }
    Ok(())
}

/// `ours` says that nobody had settled the attempt before.
fn move_message(delivery: &mut Delivery, settled: &Settled, ours: bool, now: DateTime<Utc>) {
    let waits = match settled.attempt_id {
        Some(_) => delivery.state == MessageState::Sending,
        None => delivery.state == MessageState::Queued,
    };
    match &settled.settlement {
        // The platform's answer is proof.
        Settlement::Sent { .. } => {
            if let Some(state) = delivery.state.after_report(ReportedState::Accepted) {
                delivery.failure = None;
                delivery.move_to(state);
            }
            delivery.times.sent_at.get_or_insert(now);
        }
        // A report has moved it, or another node has it.
        _ if !ours || !waits => {}
        Settlement::Retry { at, failure } => {
            delivery.due_at = Some(*at);
            delivery.failure = Some(failure.clone());
            delivery.move_to(MessageState::Queued);
        }
        Settlement::Failed(failure) => {
            delivery.failure = Some(failure.clone());
            delivery.move_to(MessageState::Failed);
        }
        Settlement::Unknown(failure) => {
            delivery.failure = Some(failure.clone());
            delivery.move_to(MessageState::Unknown);
        }
    }
}
