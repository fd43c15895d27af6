//! `/orgs/{orgId}/customers`.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, IdentityId, OrganisationId};
use patchbay_store::customers::{self as stored, CustomerFilter, PlatformCount};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Error, Id,
    messages::Message,
    page::{self, PageQuery},
    ticket_answers::Ticket,
};
use crate::{
    api::{description::Described, endpoint::get},
    app::App,
    auth::Principal,
    service::customers::{self, DOCUMENTED, WithNewest, WithTickets},
};

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/{organisation}/customers", list).does("List customers").query::<FilterQuery>().pages::<Customer>(),
        get("/{organisation}/customers/stats/platforms", platforms)
            .does("Count the customers of each platform")
            .answers::<BTreeMap<String, u64>>(),
        get("/{organisation}/customers/overview/dashboard", dashboard)
            .does("Customers and platforms at a glance")
            .query::<PageQuery>()
            .answers::<Dashboard>(),
        get("/{organisation}/customers/{id}", show).does("Show a customer").answers::<CustomerWithTickets>(),
        get("/{organisation}/customers/{id}/tickets", tickets)
            .does("List a customer's tickets")
            .pages::<TicketWithNewest>(),
        get("/{organisation}/channels/{id}/customers", of_channel)
            .does("List a channel's customers")
            .pages::<Customer>(),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct FilterQuery {
    platform: Option<String>,
    search: Option<String>,
}

impl FilterQuery {
    fn read(self) -> CustomerFilter {
        let Self { platform, search } = self;
        let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        CustomerFilter {
            platform: given(platform).map(|platform| platform.trim().to_uppercase()),
            channel_id: None,
            search: given(search),
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Customer {
    id: IdentityId,
    org_id: OrganisationId,
    channel_id: ChannelId,
    name: String,
    avatar: Option<String>,
    platform: String,
    external_id: String,
    last_message_at: Option<DateTime<Utc>>,
    last_message: Option<String>,
    is_active: bool,
    metadata: Value,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    #[serde(rename = "_count")]
    count: Count,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CustomerCount")]
struct Count {
    tickets: u64,
}

impl From<stored::Customer> for Customer {
    fn from(known: stored::Customer) -> Self {
        Self {
            id: known.id,
            org_id: known.organisation_id,
            channel_id: known.channel_id,
            name: known.name,
            avatar: known.avatar,
            platform: known.platform,
            external_id: known.external_id,
            last_message_at: known.last_message_at,
            last_message: known.last_message,
            is_active: known.is_active,
            metadata: known.metadata,
            created_at: known.created_at,
            updated_at: known.updated_at,
            count: Count { tickets: known.ticket_count },
        }
    }
}

#[derive(Serialize, JsonSchema)]
struct CustomerWithTickets {
    #[serde(flatten)]
    customer: Customer,
    tickets: Vec<Ticket>,
}

#[derive(Serialize, JsonSchema)]
struct TicketWithNewest {
    #[serde(flatten)]
    ticket: Ticket,
    messages: Vec<Message>,
}

impl TicketWithNewest {
    fn of(app: &App, known: WithNewest) -> Self {
        let WithNewest { ticket, newest } = known;
        let messages = newest.into_iter().map(|view| Message::of(app, view)).collect();
        Self { ticket: Ticket::of(app, ticket), messages }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Dashboard {
    customers: Vec<Customer>,
    platform_stats: Vec<PlatformStat>,
    total_customers: u64,
}

#[derive(Serialize, JsonSchema)]
struct PlatformStat {
    platform: String,
    count: u64,
}

async fn list(
    app: web::Data<App>,
    principal: Principal,
    filter: web::Query<FilterQuery>,
    query: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let part = query.into_inner().part()?;
    let listed = customers::list(&app, &principal, &filter.into_inner().read(), part).await?;
    Ok(page::answer(&request, &part, listed, Customer::from))
}

async fn of_channel(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ChannelId>>,
    query: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let part = query.into_inner().part()?;
    let listed = customers::of_channel(&app, &principal, path.id, part).await?;
    Ok(page::answer(&request, &part, listed, Customer::from))
}

async fn show(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<IdentityId>>,
) -> Result<HttpResponse, Error> {
    let WithTickets { customer, tickets } = customers::get(&app, &principal, path.id).await?;
    let tickets = tickets.into_iter().map(|view| Ticket::of(&app, view)).collect();
    Ok(HttpResponse::Ok().json(CustomerWithTickets { customer: customer.into(), tickets }))
}

async fn tickets(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<IdentityId>>,
    query: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let part = query.into_inner().part()?;
    let listed = customers::tickets(&app, &principal, path.id, part).await?;
    Ok(page::answer(&request, &part, listed, |known| TicketWithNewest::of(&app, known)))
}

async fn platforms(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, Error> {
    let counted = customers::platforms(&app, &principal).await?;
    Ok(HttpResponse::Ok().json(by_name(counted)))
}

/// Every platform that the document names, and whatever else there is.
fn by_name(counted: Vec<PlatformCount>) -> BTreeMap<String, u64> {
    let mut counts: BTreeMap<_, _> = DOCUMENTED.iter().map(|name| ((*name).to_owned(), 0)).collect();
    counts.extend(counted.into_iter().map(|PlatformCount { platform, count }| (platform, count)));
    counts
}

async fn dashboard(
    app: web::Data<App>,
    principal: Principal,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Error> {
    let overview = customers::overview(&app, &principal, query.into_inner().part()?).await?;
    let stats =
        overview.platforms.into_iter().map(|PlatformCount { platform, count }| PlatformStat { platform, count });
    Ok(HttpResponse::Ok().json(Dashboard {
        platform_stats: stats.collect(),
        total_customers: overview.customers.total,
        customers: overview.customers.items.into_iter().map(Customer::from).collect(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_platform_has_a_number() {
        let counts = by_name(vec![PlatformCount { platform: "MOCK".into(), count: 2 }]);
        assert_eq!((counts.len(), counts["MOCK"], counts["LINKEDIN"]), (6, 2, 0));
    }

    #[test]
    fn an_empty_filter_is_none() {
        let query = web::Query::<FilterQuery>::from_query("platform=whatsapp&search=").unwrap().into_inner();
        let filter = query.read();
        assert_eq!((filter.platform.as_deref(), filter.search), (Some("WHATSAPP"), None));
    }
}
