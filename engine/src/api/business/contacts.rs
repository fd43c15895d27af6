//! `/contacts`: the address book.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use patchbay_domain::ContactId;
use patchbay_store::address_book::ContactCard;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Done, Error, Id,
    contact_bodies::ContactBody,
    conversations::searched,
    done, made, ok,
    page::{LIMIT, PageQuery, Pagination},
    views::Conversation,
};
use crate::{
    api::{
        description::Described,
        endpoint::{delete, get, patch, post},
        fields::Check,
    },
    app::App,
    auth::Principal,
    service::{WriteId, address_book as service},
};

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/contacts", list)
            .does("List contacts")
            .query::<FilterQuery>()
            .query::<PageQuery>()
            .answers::<Answer<Contacts>>(),
        post("/contacts", create).does("Add a contact").takes::<ContactBody>().creates::<Answer<Shown>>(),
        get("/contacts/{id}", show)
            .does("A contact and the latest conversations")
            .answers::<Answer<WithConversations>>(),
        patch("/contacts/{id}", update).does("Change a contact").takes::<ContactBody>().answers::<Answer<Shown>>(),
        delete("/contacts/{id}", remove)
            .does("Take a contact out of the address book; what was written stays")
            .answers::<Answer<Done>>(),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct FilterQuery {
    /// Part of a name, a company, a number or an address
    search: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Contact {
    id: ContactId,
    phone_number: String,
    name: Option<String>,
    email: Option<String>,
    company: Option<String>,
    tags: Vec<String>,
    notes: Option<String>,
    total_messages: u64,
    last_message_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<ContactCard> for Contact {
    fn from(card: ContactCard) -> Self {
        let (phone, email) = (service::phone(&card), service::email(&card));
        let name = service::name(&card).map(str::to_owned);
        let ContactCard { id, company, notes, details, message_count, last_message_at, created_at, updated_at, .. } =
            card;
        Self {
            id,
            phone_number: phone.unwrap_or_default(),
            name,
            email,
            company,
            tags: details.tags,
            notes,
            total_messages: message_count,
            last_message_at,
            created_at,
            updated_at,
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Contacts {
    #[serde(rename = "contacts")]
    found: Vec<Contact>,
    pagination: Pagination,
    /// As the front end reads them.
    total: u64,
    page: u32,
    limit: u32,
    total_pages: u64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ContactShown")]
struct Shown {
    contact: Contact,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ContactWithConversationsShown")]
struct WithConversations {
    contact: Whole,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ContactWithConversations")]
struct Whole {
    #[serde(flatten)]
    contact: Contact,
    conversations: Vec<Conversation>,
}

async fn list(
    app: web::Data<App>,
    principal: Principal,
    filter: web::Query<FilterQuery>,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, Error> {
    let mut check = Check::default();
    let search = searched(&mut check, filter.into_inner().search);
    let part = page.into_inner().read(&mut check, LIMIT);
    let (search, part) = check.finish(|| Ok((search?, part?)))?;
    let listed = service::list(&app, &principal, search.as_deref(), part).await?;
    let pagination = Pagination::of(&part, &listed);
    let Pagination { page, limit, total, total_pages, .. } = pagination;
    let found = listed.items.into_iter().map(Contact::from).collect();
    Ok(ok(&Contacts { found, pagination, total, page, limit, total_pages }))
}

async fn create(
    app: web::Data<App>,
    principal: Principal,
    write: WriteId,
    body: web::Json<ContactBody>,
) -> Result<HttpResponse, Error> {
    let card = service::create(&app, &principal, write, body.into_inner().draft()?).await?;
    Ok(made(&Shown { contact: card.into() }))
}

async fn show(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ContactId>>,
) -> Result<HttpResponse, Error> {
    let (card, conversations) = service::get(&app, &principal, path.id).await?;
    let conversations = conversations.into_iter().map(|shown| shown.conversation.into()).collect();
    Ok(ok(&WithConversations { contact: Whole { contact: card.into(), conversations } }))
}

async fn update(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ContactId>>,
    body: web::Json<ContactBody>,
) -> Result<HttpResponse, Error> {
    let card = service::change(&app, &principal, path.id, &body.into_inner().changes()?).await?;
    Ok(ok(&Shown { contact: card.into() }))
}

async fn remove(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ContactId>>,
) -> Result<HttpResponse, Error> {
    service::delete(&app, &principal, path.id).await?;
    Ok(done("the contact was deleted"))
}
