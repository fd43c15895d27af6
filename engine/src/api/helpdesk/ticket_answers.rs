//! Tickets as this dialect shows them.

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, IdentityId, OrganisationId, TicketId, UserId};
use patchbay_store::tickets::{Assignee, TicketView};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    messages::Message,
    words::{PriorityWord, StatusWord},
};
use crate::{app::App, service::channels};

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    id: TicketId,
    org_id: OrganisationId,
    channel_id: ChannelId,
    customer_id: IdentityId,
    external_thread_id: String,
    subject: String,
    status: StatusWord,
    priority: PriorityWord,
    assignee_id: Option<UserId>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    channel: Channel,
    customer: Customer,
    assignee: Option<Person>,
    /// Everybody can read what is written in it.
    is_public: bool,
    #[serde(rename = "_count")]
    count: Count,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TicketChannel")]
struct Channel {
    id: ChannelId,
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TicketCustomer")]
struct Customer {
    id: IdentityId,
    name: String,
    platform: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Assignee")]
struct Person {
    id: UserId,
    name: String,
    email: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TicketCount")]
struct Count {
    messages: u64,
}

impl Ticket {
    pub fn of(app: &App, view: TicketView) -> Self {
        let is_public = channels::is_public(app, &view.channel_type);
        let TicketView { ticket, organisation_id, external_thread_id, assignee, message_count, .. } = view;
        Self {
            id: ticket.id,
            org_id: organisation_id,
            channel_id: view.channel_id,
            customer_id: view.customer_id,
            external_thread_id,
            subject: ticket.subject,
            status: ticket.status.into(),
            priority: ticket.priority.into(),
            assignee_id: ticket.assignee_id,
            created_at: ticket.created_at,
            updated_at: ticket.updated_at,
            closed_at: ticket.closed_at,
            channel: Channel { id: view.channel_id, name: view.channel_name, kind: view.channel_type },
            customer: Customer { id: view.customer_id, name: view.customer_name, platform: view.customer_platform },
            assignee: assignee.map(|Assignee { id, name, email }| Person { id, name, email }),
            is_public,
            count: Count { messages: message_count },
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TicketWithMessages")]
pub struct WithMessages {
    #[serde(flatten)]
    pub ticket: Ticket,
    pub messages: Vec<Message>,
}
