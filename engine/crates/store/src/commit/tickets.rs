//! Writes the tickets that drafts opened and changed.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId, ConversationId, IdentityId, OrganisationId, TicketId, UserId,
    conversation::Draft,
    ticket::{Priority, TicketStatus},
};

use super::Accepted;
use crate::{
    StoreError,
    backend::sql,
    organisation_tx::OrganisationTx,
    rows::{Batch, Time, batch},
};

batch! {
    struct TicketRow<'a> {
        id: TicketId, organisation_id: OrganisationId, channel_id: ChannelId, conversation_id: ConversationId,
        identity_id: IdentityId, external_thread_id: &'a str, subject: &'a str, status: TicketStatus,
        priority: Priority, assignee_id: Option<UserId>, first_response_at: Option<Time>, closed_at: Option<Time>,
        response_seconds: Option<i64>, resolution_seconds: Option<i64>, message_count: i64,
        created_at: Time, updated_at: Time,
    }
}

pub(super) async fn upsert(tx: &mut OrganisationTx, accepted: &[Accepted<'_>]) -> Result<(), StoreError> {
    let rows: Vec<_> = (accepted.iter())
        .flat_map(|Accepted { draft, .. }| draft.effects.tickets.iter().map(|ticket| (&**draft, ticket)))
        .map(|(Draft { conversation, effects, .. }, ticket)| TicketRow {
            id: ticket.id,
            organisation_id: conversation.organisation_id,
            channel_id: conversation.channel_id,
            conversation_id: conversation.id,
            identity_id: conversation.identity_id,
            external_thread_id: &conversation.thread,
            subject: &ticket.subject,
            status: ticket.status,
            priority: ticket.priority,
            assignee_id: ticket.assignee_id,
            first_response_at: ticket.first_response_at.map(Into::into),
            closed_at: ticket.closed_at.map(Into::into),
            response_seconds: ticket.first_response_at.map(|at| seconds(ticket.created_at, at)),
            resolution_seconds: ticket.closed_at.map(|at| seconds(ticket.created_at, at)),
            message_count: effects
                .messages
                .iter()
                .filter(|message| message.ticket_id == Some(ticket.id))
                .map(|_| 1)
                .sum(),
            created_at: ticket.created_at.into(),
            updated_at: ticket.updated_at.into(),
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    sql(format!(
        "{} on conflict (id) do update set subject = excluded.subject, status = excluded.status, \
         priority = excluded.priority, assignee_id = excluded.assignee_id, \
         first_response_at = excluded.first_response_at, closed_at = excluded.closed_at, \
         response_seconds = excluded.response_seconds, resolution_seconds = excluded.resolution_seconds, \
         message_count = tickets.message_count + excluded.message_count, updated_at = excluded.updated_at",
        TicketRow::insert_into("tickets")
    ))
    .rows(&rows)
    .execute(tx)
    .await
    .map(drop)
}

/// How long it took, as reports add it up; clocks of nodes may differ.
fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
    (to - from).num_seconds().max(0)
}
