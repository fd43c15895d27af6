//! `/orgs/{orgId}/tickets`. What is answered is in `ticket_answers.rs`.

use actix_web::{HttpRequest, HttpResponse, web};
use patchbay_domain::{ChannelId, IdentityId, TicketId, UserId, conversation::TicketUpdate};
use patchbay_store::tickets::TicketFilter;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Error, Id,
    messages::Message,
    page::{self, PageQuery},
    ticket_answers::{Ticket, WithMessages},
    words::{PriorityWord, StatusWord},
};
use crate::{
    api::{
        description::Described,
        endpoint::{get, post, put},
        fields::{Check, Field, Noted},
    },
    app::App,
    auth::{Admin, Principal},
    service::{
        ServiceError, WriteId,
        fields::Subject,
        messages,
        page::Part,
        tickets::{self, OpenTicket},
    },
};

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/{organisation}/tickets", list).does("List tickets").query::<FilterQuery>().pages::<Ticket>(),
        post("/{organisation}/tickets", open).does("Open a ticket").admins().takes::<OpenBody>().creates::<Ticket>(),
        get("/{organisation}/tickets/{id}", show).does("Show a ticket").answers::<WithMessages>(),
        put("/{organisation}/tickets/{id}", update)
            .does("Change a ticket")
            .takes::<UpdateBody>()
            .answers::<Ticket>()
            .refuses(&[403]),
        post("/{organisation}/tickets/{id}/assign", assign)
            .does("Give a ticket to an agent")
            .admins()
            .takes::<AssignBody>()
            .answers::<Ticket>(),
        post("/{organisation}/tickets/{id}/close", close).does("Close a ticket").answers::<Ticket>().refuses(&[403]),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FilterQuery {
    #[schemars(with = "Option<StatusWord>")]
    status: Option<String>,
    #[schemars(with = "Option<PriorityWord>")]
    priority: Option<String>,
    assignee_id: Option<String>,
    channel_id: Option<String>,
    customer_id: Option<String>,
}

impl FilterQuery {
    fn read(self, check: &mut Check) -> impl FnOnce() -> Result<TicketFilter, Noted> + use<> {
        let Self { status, priority, assignee_id, channel_id, customer_id } = self;
        let status = check.parsed::<StatusWord>("status", status, StatusWord::ALLOWED);
        let priority = check.parsed::<PriorityWord>("priority", priority, PriorityWord::ALLOWED);
        let assignee_id = check.parsed("assigneeId", assignee_id, "an id");
        let channel_id = check.parsed("channelId", channel_id, "an id");
        let customer_id = check.parsed("customerId", customer_id, "an id");
        move || {
            Ok(TicketFilter {
                status: status?.map(Into::into),
                priority: priority?.map(Into::into),
                assignee_id: assignee_id?,
                channel_id: channel_id?,
                customer_id: customer_id?,
            })
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OpenTicket")]
struct OpenBody {
    #[serde(default)]
    #[schemars(!default)]
    channel_id: Field<ChannelId>,
    #[serde(default)]
    customer_id: Field<IdentityId>,
    #[serde(default)]
    external_thread_id: Field<String>,
    #[serde(default)]
    #[schemars(!default)]
    subject: Field<String>,
    #[serde(default)]
    priority: Field<PriorityWord>,
    #[serde(default)]
    assignee_id: Field<UserId>,
}

impl OpenBody {
    fn read(self) -> Result<OpenTicket, ServiceError> {
        let Self { channel_id, customer_id, external_thread_id, subject, priority, assignee_id } = self;
        let mut check = Check::default();
        let channel_id = check.required_value("channelId", channel_id);
        let customer_id = check.value("customerId", customer_id);
        let external_thread_id = check.optional("externalThreadId", external_thread_id);
        let subject = check.required("subject", subject);
        let priority = check.value("priority", priority);
        let assignee_id = check.value("assigneeId", assignee_id);
        check.finish(|| {
            Ok(OpenTicket {
                channel_id: channel_id?,
                customer_id: customer_id?,
                external_thread_id: external_thread_id?,
                subject: subject?,
                priority: priority?.map(Into::into),
                assignee_id: assignee_id?,
            })
        })
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "UpdateTicket")]
struct UpdateBody {
    #[serde(default)]
    subject: Field<String>,
    #[serde(default)]
    status: Field<StatusWord>,
    #[serde(default)]
    priority: Field<PriorityWord>,
    #[serde(default)]
    #[schemars(with = "Option<UserId>")]
    assignee_id: Field<UserId>,
}

impl UpdateBody {
    fn read(self) -> Result<TicketUpdate, ServiceError> {
        let Self { subject, status, priority, assignee_id } = self;
        let mut check = Check::default();
        let subject = check.optional::<Subject>("subject", subject);
        let (status, priority) = (check.value("status", status), check.value("priority", priority));
        let assignee_id = check.nullable("assigneeId", assignee_id);
        check.finish(|| {
            Ok(TicketUpdate {
                subject: subject?.map(Subject::into_string),
                status: status?.map(Into::into),
                priority: priority?.map(Into::into),
                assignee_id: assignee_id?,
            })
        })
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AssignTicket")]
struct AssignBody {
    #[serde(default)]
    #[schemars(!default)]
    assignee_id: Field<UserId>,
}

impl AssignBody {
    fn read(self) -> Result<UserId, ServiceError> {
        let Self { assignee_id } = self;
        let mut check = Check::default();
        let assignee_id = check.required_value("assigneeId", assignee_id);
        check.finish(|| assignee_id)
    }
}

async fn list(
    app: web::Data<App>,
    principal: Principal,
    filter: web::Query<FilterQuery>,
    query: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let mut check = Check::default();
    let filter = filter.into_inner().read(&mut check);
    let part = query.into_inner().read(&mut check);
    let (filter, part) = check.finish(|| Ok((filter()?, part?)))?;
    let listed = tickets::list(&app, &principal, &filter, part).await?;
    Ok(page::answer(&request, &part, listed, |view| Ticket::of(&app, view)))
}

async fn show(app: web::Data<App>, principal: Principal, path: web::Path<Id<TicketId>>) -> Result<HttpResponse, Error> {
    let ticket = Ticket::of(&app, tickets::get(&app, &principal, path.id).await?);
    let messages = messages::of_ticket(&app, &principal, path.id, Part::All).await?;
    let messages = messages.items.into_iter().map(|view| Message::of(&app, view)).collect();
    Ok(HttpResponse::Ok().json(WithMessages { ticket, messages }))
}

async fn open(
    app: web::Data<App>,
    admin: Admin,
    write: WriteId,
    body: web::Json<OpenBody>,
) -> Result<HttpResponse, Error> {
    let opened = tickets::open(&app, &admin, write, body.into_inner().read()?).await?;
    Ok(HttpResponse::Created().json(Ticket::of(&app, opened)))
}

async fn update(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<TicketId>>,
    body: web::Json<UpdateBody>,
) -> Result<HttpResponse, Error> {
    let updated = tickets::update(&app, &principal, path.id, body.into_inner().read()?).await?;
    Ok(HttpResponse::Ok().json(Ticket::of(&app, updated)))
}

async fn assign(
    app: web::Data<App>,
    admin: Admin,
    path: web::Path<Id<TicketId>>,
    body: web::Json<AssignBody>,
) -> Result<HttpResponse, Error> {
    let assigned = tickets::assign(&app, &admin, path.id, body.into_inner().read()?).await?;
    Ok(HttpResponse::Ok().json(Ticket::of(&app, assigned)))
}

async fn close(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<TicketId>>,
) -> Result<HttpResponse, Error> {
    let closed = tickets::close(&app, &principal, path.id).await?;
    Ok(HttpResponse::Ok().json(Ticket::of(&app, closed)))
}

#[cfg(test)]
mod tests {
    use patchbay_domain::ticket::{Priority, TicketStatus};
    use serde_json::json;

    use super::*;

    fn filter(query: &str) -> Result<TicketFilter, String> {
        let query = web::Query::<FilterQuery>::from_query(query).unwrap().into_inner();
        let mut check = Check::default();
        let filter = query.read(&mut check);
        check.finish(filter).map_err(|error| error.to_string())
    }

    #[test]
    fn filters_are_read_and_wrong_ones_told() {
        let read = filter("status=OPEN&priority=HIGH&assigneeId=&page=2").unwrap();
        let wanted = TicketFilter {
            status: Some(TicketStatus::Open),
            priority: Some(Priority::High),
            ..TicketFilter::default()
        };
        assert_eq!(read, wanted);
        assert_eq!(
            filter("status=open&channelId=x").unwrap_err(),
            "status: must be one of OPEN PENDING CLOSED; channelId: must be an id"
        );
    }

    #[test]
    fn a_ticket_can_be_taken_from_its_assignee() {
        let body: UpdateBody = serde_json::from_value(json!({"assigneeId": null, "status": "PENDING"})).unwrap();
        let update = body.read().unwrap();
        assert_eq!((update.assignee_id, update.status), (Some(None), Some(TicketStatus::Pending)));
        let body: UpdateBody = serde_json::from_value(json!({"status": "DONE"})).unwrap();
        assert!(body.read().unwrap_err().to_string().starts_with("status: "));
    }

    #[test]
    fn a_new_ticket_needs_a_channel_and_a_subject() {
        let body: OpenBody = serde_json::from_value(json!({"priority": "LOW"})).unwrap();
        assert_eq!(body.read().unwrap_err().to_string(), "channelId: is required; subject: is required");
    }
}
