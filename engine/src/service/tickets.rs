//! Tickets: finding them, and changing them through their conversation.

use patchbay_domain::{
    ChannelId, ConversationId, IdentityId, TicketId, UserId,
    conversation::{RuleError, TicketUpdate},
    platform::Participant,
    ticket::{Priority, TicketStatus},
};
use patchbay_store::{
    channels::Channel,
    conversations::{ChannelKey, Opening},
    tickets::{Page, TicketCursor, TicketFilter, TicketView},
};

use super::{
    ServiceError, WriteId,
    audit::{Action, Entity},
    fields::{ExternalId, Subject},
    page::{Listed, Part},
    users,
};
use crate::{
    app::App,
    auth::{Admin, Principal},
    conversation::{ConversationError, Request},
};

#[derive(Debug)]
pub struct OpenTicket {
    pub channel_id: ChannelId,
    pub customer_id: Option<IdentityId>,
    /// The platform's name for the conversation, where the customer is not given.
    pub external_thread_id: Option<ExternalId>,
    pub subject: Subject,
    pub priority: Option<Priority>,
    pub assignee_id: Option<UserId>,
}

/// The latest change first.
pub async fn list(
    app: &App,
    principal: &Principal,
    filter: &TicketFilter,
    part: Part<TicketCursor>,
) -> Result<Listed<TicketView>, ServiceError> {
    let page = Page { limit: part.limit(), offset: part.offset(), after: part.after() };
    let organisation = principal.organisation_id;
    let items = app.store.tickets(organisation, filter, page).await?;
    let total = app.store.count_tickets(organisation, filter).await?;
    let place = |last: &TicketView| TicketCursor { updated_at: last.ticket.updated_at, id: last.ticket.id };
    Ok(Listed::of(items, total, part.limit(), place))
}

pub async fn get(app: &App, principal: &Principal, id: TicketId) -> Result<TicketView, ServiceError> {
    app.store.ticket(principal.organisation_id, id).await?.ok_or(ServiceError::NotFound("ticket"))
}

pub async fn open(app: &App, admin: &Admin, write: WriteId, open: OpenTicket) -> Result<TicketView, ServiceError> {
    let id = TicketId::from(write.id);
    let channel = app.store.channel_of(admin.organisation_id, open.channel_id).await?;
    let channel = channel.ok_or(ServiceError::NotFound("channel"))?;
    if let Some(assignee) = open.assignee_id {
        users::active(app, admin, assignee).await?;
    }
    let conversation = conversation_for(app, &channel, id, &open).await?;
    let request = Request::OpenTicket {
        id,
        subject: open.subject.into_string(),
        priority: open.priority.unwrap_or(Priority::Medium),
        assignee_id: open.assignee_id,
        audit: Some(admin.did(Action::Create, Entity::Ticket, id)),
    };
    match app.conversations.ask(conversation, request).await {
        // The same request, repeated.
        Err(ConversationError::Rule(RuleError::TicketOpen(known))) if known == id => {}
        opened => opened?,
    }
    get(app, admin, id).await
}

/// Administrators may change any ticket, agents the ones assigned to them; whose it is, only administrators say.
pub async fn update(
    app: &App,
    principal: &Principal,
    id: TicketId,
    update: TicketUpdate,
) -> Result<TicketView, ServiceError> {
    let view = get(app, principal, id).await?;
    if !principal.role.is_admin() {
        if view.ticket.assignee_id != Some(principal.user_id) {
            let message = "only administrators and the ticket's assignee may change it".to_owned();
            return Err(ServiceError::Forbidden(message));
        }
        if update.assignee_id.is_some_and(|assignee| assignee != view.ticket.assignee_id) {
            return Err(ServiceError::Forbidden("only administrators may assign a ticket".to_owned()));
        }
    }
    change(app, principal, &view, update).await
}

pub async fn assign(app: &App, admin: &Admin, id: TicketId, assignee: UserId) -> Result<TicketView, ServiceError> {
    let view = get(app, admin, id).await?;
    change(app, admin, &view, TicketUpdate { assignee_id: Some(Some(assignee)), ..TicketUpdate::default() }).await
}

pub async fn close(app: &App, principal: &Principal, id: TicketId) -> Result<TicketView, ServiceError> {
    update(app, principal, id, TicketUpdate { status: Some(TicketStatus::Closed), ..TicketUpdate::default() }).await
}

async fn change(
    app: &App,
    principal: &Principal,
    view: &TicketView,
    update: TicketUpdate,
) -> Result<TicketView, ServiceError> {
    if let Some(Some(assignee)) = update.assignee_id {
        users::active(app, principal, assignee).await?;
    }
    let id = view.ticket.id;
    let audit = Some(principal.did(Action::Update, Entity::Ticket, id));
    app.conversations.ask(view.conversation_id, Request::UpdateTicket { id, update, audit }).await?;
    get(app, principal, id).await
}

/// The customer's conversation on the channel; made where there is none yet.
async fn conversation_for(
    app: &App,
    channel: &Channel,
    ticket: TicketId,
    open: &OpenTicket,
) -> Result<ConversationId, ServiceError> {
    let (thread, participant) = match (open.customer_id, &open.external_thread_id) {
        (Some(customer), _) => {
            let customer = app.store.customer(channel.organisation_id, customer).await?;
            let customer = customer.filter(|customer| customer.channel_id == channel.id);
            let customer = customer.ok_or(ServiceError::NotFound("customer of this channel"))?;
            // The thread of a one-to-one conversation is the contact's identifier.
            (customer.external_id.clone(), Participant { id: customer.external_id, ..Participant::default() })
        }
        (None, Some(thread)) => {
            let thread = thread.as_str().to_owned();
            (thread.clone(), Participant { id: thread, ..Participant::default() })
        }
        // A case that concerns nobody on the platform: it has a conversation to itself.
        (None, None) => {
            let thread = format!("ticket-{ticket}");
            let name = Some(open.subject.as_str().to_owned());
            (thread.clone(), Participant { id: thread, name, ..Participant::default() })
        }
    };
    let key = ChannelKey {
        organisation_id: channel.organisation_id,
        channel_id: channel.id,
        channel_type: channel.channel_type.clone(),
    };
    let opening = Opening { thread, group: false, participant };
    let opened = app.store.open_conversations(&key, &[opening], (app.clock)()).await?;
    opened.first().copied().ok_or_else(|| ServiceError::Internal("a conversation was not opened".to_owned()))
}
