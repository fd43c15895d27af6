//! Tickets as lists and pages show them.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId, ConversationId, IdentityId, OrganisationId, TicketId, UserId,
    ticket::{Priority, Ticket, TicketStatus},
};

use crate::{Store, StoreError};

/// A ticket with the names around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketView {
    pub ticket: Ticket,
    pub organisation_id: OrganisationId,
    pub conversation_id: ConversationId,
    pub external_thread_id: String,
    pub channel_id: ChannelId,
    pub channel_name: String,
    pub channel_type: String,
    pub customer_id: IdentityId,
    pub customer_name: String,
    pub customer_platform: String,
    pub assignee: Option<Assignee>,
    pub message_count: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignee {
    pub id: UserId,
    pub name: String,
    pub email: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketFilter {
    pub status: Option<TicketStatus>,
    pub priority: Option<Priority>,
    pub assignee_id: Option<UserId>,
    pub channel_id: Option<ChannelId>,
    pub customer_id: Option<IdentityId>,
}

/// Where a list begins: after so many, or after a known one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<C> {
    pub limit: u32,
    pub offset: u32,
    pub after: Option<C>,
}

/// The last ticket of the page before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketCursor {
    pub updated_at: DateTime<Utc>,
    pub id: TicketId,
}

impl Store {
    pub async fn tickets(
        &self,
        _organisation_id: OrganisationId,
        _filter: &TicketFilter,
        _page: Page<TicketCursor>,
    ) -> Result<Vec<TicketView>, StoreError> {
        Err(StoreError::pending())
    }

    pub async fn count_tickets(
        &self,
        _organisation_id: OrganisationId,
        _filter: &TicketFilter,
    ) -> Result<u64, StoreError> {
        Err(StoreError::pending())
    }

    pub async fn ticket(
        &self,
        _organisation_id: OrganisationId,
        _id: TicketId,
    ) -> Result<Option<TicketView>, StoreError> {
        Err(StoreError::pending())
    }
}
