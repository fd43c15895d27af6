//! How many messages there are, kept where they are asked for: with each ticket, and of each channel by the quarter
//! of an hour.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, MessageId, OrganisationId, TicketId};
use uuid::Uuid;

use crate::{
    StoreError,
    analytics::slot,
    backend::sql,
    organisation_tx::OrganisationTx,
    rows::{Batch, batch},
};

batch! {
    struct SlotRow { organisation_id: OrganisationId, channel_id: ChannelId, slot: i64, messages: i64 }
}

batch! {
    struct TicketRow { id: TicketId, messages: i64 }
}

/// Messages that are written or, counted negatively, removed.
#[derive(Default)]
pub(crate) struct Counted {
    slots: BTreeMap<(OrganisationId, ChannelId, i64), i64>,
    tickets: BTreeMap<TicketId, i64>,
}

impl Counted {
    pub(crate) fn add(
        &mut self,
        (organisation_id, channel_id): (OrganisationId, ChannelId),
        ticket_id: Option<TicketId>,
        created_at: DateTime<Utc>,
        count: i64,
    ) {
        *self.slots.entry((organisation_id, channel_id, slot(created_at))).or_default() += count;
        if let Some(ticket_id) = ticket_id {
            *self.tickets.entry(ticket_id).or_default() += count;
        }
    }

    /// The tickets have to be written already.
    pub(crate) async fn write(self, tx: &mut OrganisationTx) -> Result<(), StoreError> {
        let slots: Vec<_> = self
            .slots
            .into_iter()
            .map(|((organisation_id, channel_id, slot), messages)| SlotRow {
                organisation_id,
                channel_id,
                slot,
                messages,
            })
            .collect();
        let tickets: Vec<_> = self.tickets.into_iter().map(|(id, messages)| TicketRow { id, messages }).collect();
        if !slots.is_empty() {
            sql(format!(
                "{} on conflict (organisation_id, slot, channel_id) \
                 do update set messages = message_counts.messages + excluded.messages",
                SlotRow::insert_into("message_counts")
            ))
            .rows(&slots)
            .execute(&mut *tx)
            .await?;
        }
        if !tickets.is_empty() {
            sql("update tickets set message_count = message_count + r.messages from {rows} r where tickets.id = r.id")
                .rows(&tickets)
                .execute(tx)
                .await?;
        }
        Ok(())
    }
}

/// Counts a message no longer; it is about to be removed.
pub(crate) async fn forget(tx: &mut OrganisationTx, id: MessageId) -> Result<(), StoreError> {
    let known: Option<(Uuid, Uuid, Option<Uuid>, DateTime<Utc>)> =
        sql("select organisation_id, channel_id, ticket_id, created_at from messages where id = $1")
            .bind(id)
            .fetch_optional(&mut *tx)
            .await?;
    let mut counted = Counted::default();
    if let Some((organisation, channel, ticket, created_at)) = known {
        counted.add((organisation.into(), channel.into()), ticket.map(Into::into), created_at, -1);
    }
    counted.write(tx).await
}
