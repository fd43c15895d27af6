//! What platforms report of messages. A report that comes before its message is
//! kept, and applied when the message has its identifier.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId, MessageId,
    platform::{DeliveryStatus, ReportedState},
};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::sql,
    delivery::{self, Delivery},
    external_ids::{self, Identified},
    organisation_tx::OrganisationTx,
    references::{self, Target},
    rows::{Batch, Time, batch},
};

#[derive(Clone, Debug, PartialEq)]
pub struct StatusReport {
    pub channel_id: ChannelId,
    pub status: DeliveryStatus,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusCounts {
    /// Reports that moved a message.
    pub applied: u64,
    /// Reports that wait for their message.
    pub pending: u64,
    /// Reports that said nothing new.
    pub unchanged: u64,
}

batch! {
    struct NamedRow<'a> {
        position: i64, channel_id: ChannelId, external_id: Option<&'a str>, correlation: Option<MessageId>,
    }
}

batch! {
    struct UpToRow<'a> { position: i64, channel_id: ChannelId, thread: &'a str, up_to: Time }
}

batch! {
    struct PendingRow<'a> {
        id: Uuid, channel_id: ChannelId, external_id: &'a str, status: &'a DeliveryStatus, created_at: Time,
    }
}

batch! {
    struct ExternalId<'a> { channel_id: ChannelId, external_id: &'a str }
}

impl Store {
    /// Applies the reports in the order given. A report names its message by the platform's identifier, by ours
    /// (which also tells the platform's), or means every message of a thread up to a moment.
    pub async fn apply_statuses(
        &self,
        reports: &[StatusReport],
        now: DateTime<Utc>,
    ) -> Result<StatusCounts, StoreError> {
        if reports.is_empty() {
            return Ok(StatusCounts::default());
        }
        let channels = reports.iter().map(|report| report.channel_id);
        let mut tx = OrganisationTx::begin_for_channels(self, channels, now).await?;
        let targets = targets(&mut tx, reports).await?;
        let ids: BTreeSet<_> = targets.values().flatten().copied().collect();
        let mut deliveries = delivery::load(&mut tx, &Vec::from_iter(ids)).await?;
        let identified = identify(&mut tx, reports, &mut deliveries).await?;
        let counts = apply(&mut tx, reports, &targets, &identified, &mut deliveries).await?;
        delivery::store(&mut tx, &deliveries).await?;
        tx.commit().await?;
        Ok(counts)
    }

    /// Forgets reports whose message never came.
    pub async fn expire_pending_statuses(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        sql("delete from pending_statuses where created_at < $1").bind(before).execute(self.writer()).await
    }
}

/// The messages that a report is about, by its position.
type Targets = BTreeMap<usize, BTreeSet<MessageId>>;

async fn targets(tx: &mut OrganisationTx, reports: &[StatusReport]) -> Result<Targets, StoreError> {
    let mut targets = Targets::new();
    for (position, id) in [named(tx, reports).await?, up_to(tx, reports).await?].concat() {
        let position = usize::try_from(position).map_err(|_| StoreError::Unreadable("a position".into()))?;
        targets.entry(position).or_default().insert(id.into());
    }
    Ok(targets)
}

fn positions<'a, T>(reports: &'a [StatusReport], row: impl Fn(i64, &'a StatusReport) -> Option<T>) -> Vec<T> {
    (0..).zip(reports).filter_map(|(position, report)| row(position, report)).collect()
}

fn correlation(status: &DeliveryStatus) -> Option<MessageId> {
    status.correlation.as_deref().and_then(|text| text.parse().ok())
}

async fn named(tx: &mut OrganisationTx, reports: &[StatusReport]) -> Result<Vec<(i64, Uuid)>, StoreError> {
    let rows = positions(reports, |position, report| {
        let StatusReport { channel_id, status } = report;
        let (external_id, correlation) = (status.id.as_deref(), correlation(status));
        Some(NamedRow { position, channel_id: *channel_id, external_id, correlation })
    });
    sql("with r as (select * from {rows} r) \
         select r.position, m.id from r join messages m on m.channel_id = r.channel_id \
         and m.external_id = r.external_id where m.direction = 'OUTBOUND' \
         union select r.position, a.message_id from r join message_aliases a on a.channel_id = r.channel_id \
         and a.external_id = r.external_id \
         union select r.position, m.id from r join messages m on m.id = r.correlation \
         and m.channel_id = r.channel_id where m.direction = 'OUTBOUND'")
    .rows(&rows)
    .fetch_all(tx)
    .await
}

/// What had left by then: an echo by its own time, and one so old that its attempts are forgotten; one of ours by its
/// attempt's, which may still be under way.
async fn up_to(tx: &mut OrganisationTx, reports: &[StatusReport]) -> Result<Vec<(i64, Uuid)>, StoreError> {
    let rows = positions(reports, |position, StatusReport { channel_id, status }| {
        let reached = matches!(status.state, ReportedState::Delivered | ReportedState::Read);
        let (thread, up_to) = (status.thread.as_deref()?, status.up_to.filter(|_| reached)?);
        Some(UpToRow { position, channel_id: *channel_id, thread, up_to: up_to.into() })
    });
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    sql("select r.position, m.id from {rows} r \
         join threads t on t.channel_id = r.channel_id and t.key = r.thread \
         join messages m on m.conversation_id = t.conversation_id and m.platform_at <= r.up_to \
         and m.state in ('SENDING', 'SENT', 'DELIVERED') where m.direction = 'OUTBOUND' and (not exists \
         (select 1 from attempts a where a.message_id = m.id) or exists \
         (select 1 from attempts a where a.message_id = m.id and a.started_at <= r.up_to \
         and (a.ended_at is null or a.outcome = 'SENT')))")
    .rows(&rows)
    .fetch_all(tx)
    .await
}

/// A report that names both identifiers tells the platform's; what waited for that one is applied.
async fn identify(
    tx: &mut OrganisationTx,
    reports: &[StatusReport],
    deliveries: &mut BTreeMap<MessageId, Delivery>,
) -> Result<Vec<Identified>, StoreError> {
    let mut identified = Vec::new();
    for StatusReport { channel_id, status } in reports {
        let Some((message_id, external_id)) = correlation(status).zip(status.id.clone()) else { continue };
        let new = Identified { message_id, channel_id: *channel_id, external_id };
        let unknown = deliveries.get(&message_id).is_some_and(|delivery| {
            delivery.channel_id == *channel_id && delivery.external_id.as_ref() != Some(&new.external_id)
        });
        if unknown && !identified.contains(&new) {
            identified.push(new);
        }
    }
    external_ids::store(tx, deliveries, &identified).await?;
    apply_pending(tx, deliveries, &identified).await?;
    Ok(identified)
}

async fn apply(
    tx: &mut OrganisationTx,
    reports: &[StatusReport],
    targets: &Targets,
    identified: &[Identified],
    deliveries: &mut BTreeMap<MessageId, Delivery>,
) -> Result<StatusCounts, StoreError> {
    let mut counts = StatusCounts::default();
    let mut pending = Vec::new();
    for (position, report) in reports.iter().enumerate() {
        let just_named = identified.iter().filter(|named| {
            named.channel_id == report.channel_id && Some(&named.external_id) == report.status.id.as_ref()
        });
        let mut ids: BTreeSet<MessageId> = just_named.map(|named| named.message_id).collect();
        ids.extend(targets.get(&position).into_iter().flatten());
        let (mut found, mut moved) = (false, false);
        for id in ids {
            if let Some(delivery) = deliveries.get_mut(&id) {
                found = true;
                moved |= delivery.report(&report.status);
            }
        }
        match (&report.status.id, found, moved) {
            (_, _, true) => counts.applied += 1,
            (Some(external_id), false, _) => {
                counts.pending += 1;
                pending.push((external_id.as_str(), report));
            }
            _ => counts.unchanged += 1,
        }
    }
    keep(tx, &pending).await?;
    Ok(counts)
}

async fn keep(tx: &mut OrganisationTx, pending: &[(&str, &StatusReport)]) -> Result<(), StoreError> {
    if pending.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    let rows: Vec<_> = pending
        .iter()
        .map(|(external_id, report)| PendingRow {
            id: patchbay_domain::uuid_at(now),
            channel_id: report.channel_id,
            external_id,
            status: &report.status,
            created_at: now.into(),
        })
        .collect();
    sql(PendingRow::insert_into("pending_statuses")).rows(&rows).execute(tx).await.map(drop)
}

/// Applies what waited for these identifiers: reports, in the order in which they came, then what refers to the
/// messages.
pub(crate) async fn apply_pending(
    tx: &mut OrganisationTx,
    deliveries: &mut BTreeMap<MessageId, Delivery>,
    identified: &[Identified],
) -> Result<(), StoreError> {
    if identified.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = identified
        .iter()
        .map(|identified| ExternalId { channel_id: identified.channel_id, external_id: &identified.external_id })
        .collect();
    let mut waiting: Vec<(Uuid, Uuid, String, Json<DeliveryStatus>)> = sql("delete from pending_statuses \
         where id in (select p.id from {rows} r join pending_statuses p on p.channel_id = r.channel_id \
         and p.external_id = r.external_id) returning id, channel_id, external_id, status")
    .rows(&rows)
    .fetch_all(&mut *tx)
    .await?;
    waiting.sort_by_key(|(id, ..)| *id);
    for (_, channel_id, external_id, Json(status)) in waiting {
        let named =
            identified.iter().find(|named| named.channel_id.uuid() == channel_id && named.external_id == external_id);
        if let Some(delivery) = named.and_then(|named| deliveries.get_mut(&named.message_id)) {
            delivery.report(&status);
        }
    }
    let targets = deliveries.values().map(|delivery| {
        let Delivery { id, conversation_id, organisation_id, .. } = *delivery;
        (id, Target { id, conversation_id, organisation_id })
    });
    references::apply_pending(tx, identified, &targets.collect()).await
}
