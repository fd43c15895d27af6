//! Customers: finding them, and what they wrote about.

use std::collections::BTreeSet;

use patchbay_domain::{ChannelId, IdentityId, TicketId};
use patchbay_store::{
    customers::{Customer, CustomerCursor, CustomerFilter, PlatformCount},
    messages::MessageView,
    tickets::{Page, TicketCursor, TicketFilter, TicketView},
};

use super::{
    ServiceError, channels,
    page::{Listed, Part},
    tickets,
};
use crate::{app::App, auth::Principal};

/// So many of the latest tickets are shown with a customer.
const LATEST_TICKETS: u32 = 5;

/// A customer and the latest tickets.
pub struct WithTickets {
    pub customer: Customer,
    pub tickets: Vec<TicketView>,
}

/// A ticket and its newest message.
pub struct WithNewest {
    pub ticket: TicketView,
    pub newest: Option<MessageView>,
}

pub struct Overview {
    pub customers: Listed<Customer>,
    pub platforms: Vec<PlatformCount>,
}

/// The latest message first, then those without one.
pub async fn list(
    app: &App,
    principal: &Principal,
    filter: &CustomerFilter,
    part: Part<CustomerCursor>,
) -> Result<Listed<Customer>, ServiceError> {
    if let Some(platform) = &filter.platform {
        known(app, platform)?;
    }
    let organisation = principal.organisation_id;
    let page = Page { limit: part.limit(), offset: part.offset(), after: part.after() };
    let items = app.store.customers(organisation, filter, page).await?;
    let total = app.store.count_customers(organisation, filter).await?;
    let place = |last: &Customer| CustomerCursor { last_message_at: last.last_message_at, id: last.id };
    Ok(Listed::of(items, total, part.limit(), place))
}

pub async fn of_channel(
    app: &App,
    principal: &Principal,
    channel: ChannelId,
    part: Part<CustomerCursor>,
) -> Result<Listed<Customer>, ServiceError> {
    channels::find(app, principal, channel).await?;
    let filter = CustomerFilter { channel_id: Some(channel), ..CustomerFilter::default() };
    list(app, principal, &filter, part).await
}

pub async fn get(app: &App, principal: &Principal, id: IdentityId) -> Result<WithTickets, ServiceError> {
    let customer = find(app, principal, id).await?;
    let filter = TicketFilter { customer_id: Some(id), ..TicketFilter::default() };
    let page = Page { limit: LATEST_TICKETS, offset: 0, after: None };
    let tickets = app.store.tickets(principal.organisation_id, &filter, page).await?;
    Ok(WithTickets { customer, tickets })
}

/// The latest change first.
pub async fn tickets(
    app: &App,
    principal: &Principal,
    id: IdentityId,
    part: Part<TicketCursor>,
) -> Result<Listed<WithNewest>, ServiceError> {
    find(app, principal, id).await?;
    let filter = TicketFilter { customer_id: Some(id), ..TicketFilter::default() };
    let Listed { items, total, next } = tickets::list(app, principal, &filter, part).await?;
    let ids: Vec<TicketId> = items.iter().map(|view| view.ticket.id).collect();
    let newest = app.store.newest_messages(principal.organisation_id, &ids).await?;
    let items = items.into_iter().map(|ticket| WithNewest {
        newest: newest.iter().find(|view| view.message.ticket_id == Some(ticket.ticket.id)).cloned(),
        ticket,
    });
    Ok(Listed { items: items.collect(), total, next })
}

pub async fn platforms(app: &App, principal: &Principal) -> Result<Vec<PlatformCount>, ServiceError> {
    Ok(app.store.customers_by_platform(principal.organisation_id).await?)
}

pub async fn overview(app: &App, principal: &Principal, part: Part<CustomerCursor>) -> Result<Overview, ServiceError> {
    let customers = list(app, principal, &CustomerFilter::default(), part).await?;
    Ok(Overview { customers, platforms: platforms(app, principal).await? })
}

async fn find(app: &App, principal: &Principal, id: IdentityId) -> Result<Customer, ServiceError> {
    app.store.customer(principal.organisation_id, id).await?.ok_or(ServiceError::NotFound("customer"))
}

/// The platforms that the documents name, whether or not a connector is loaded.
pub const DOCUMENTED: [&str; 5] = ["INSTAGRAM", "FACEBOOK", "WHATSAPP", "TWITTER", "LINKEDIN"];

fn known(app: &App, platform: &str) -> Result<(), ServiceError> {
    let loaded = app.plugins.list().into_iter().filter_map(|plugin| plugin.manifest);
    let mut all: BTreeSet<String> = loaded.flat_map(|manifest| manifest.channel_types).collect();
    all.extend(DOCUMENTED.map(str::to_owned));
    if all.contains(platform) {
        return Ok(());
    }
    let all: Vec<_> = all.into_iter().collect();
    Err(ServiceError::invalid("platform", format!("must be one of {}", all.join(" "))))
}
