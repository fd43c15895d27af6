//! `/conversations`: lists, search, stars, marks and deletion.

use actix_web::{HttpResponse, web};
use patchbay_domain::ConversationId;
use patchbay_store::listing::{ConversationFilter, ConversationUpdate, Only, Order};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Answer, Done, Error, Id, done, ok,
    page::{self, PageQuery, Paged},
    query::KindWord,
    views::Conversation,
};
use crate::{
    api::{
        description::Described,
        endpoint::{delete, get, patch},
        fields::{Check, Field, Noted},
    },
    app::App,
    auth::Principal,
    service::{ServiceError, conversations as service, search::search_conversations},
};

/// The longest text that is searched for.
const LONGEST_SEARCH: usize = 200;

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/conversations", list)
            .does("List conversations, by their newest message")
            .query::<ListQuery>()
            .query::<PageQuery>()
            .answers::<Answer<Paged<Conversation>>>(),
        get("/conversations/search", search)
            .does("Find conversations by their contact, or by what was written in them")
            .query::<SearchQuery>()
            .answers::<Answer<Vec<Conversation>>>(),
        get("/conversations/{id}", show).does("Show a conversation").answers::<Answer<Conversation>>(),
        patch("/conversations/{id}", update)
            .does("Star a conversation, or mark it as read or unread")
            .takes::<UpdateBody>()
            .answers::<Answer<Conversation>>(),
        delete("/conversations/{id}", remove)
            .does("Put a conversation out of sight, until somebody writes in it again")
            .answers::<Answer<Done>>(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ConversationFilter")]
struct FilterQuery {
    /// One of unread recents starred all
    filter: Option<String>,
    /// One of latest oldest
    sort: Option<String>,
    /// One of SMS WhatsApp Email
    channel: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
struct ListQuery {
    #[serde(flatten)]
    filter: FilterQuery,
    /// What the contact is called, an e-mail address or a number
    search: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
struct SearchQuery {
    #[serde(flatten)]
    filter: FilterQuery,
    /// Words, "words that follow each other" and beginnings*
    #[schemars(required)]
    q: Option<String>,
}

impl FilterQuery {
    fn read(self, check: &mut Check, search: Option<String>) -> Result<(ConversationFilter, Order), Noted> {
        let Self { filter, sort, channel } = self;
        let only = match filter.as_deref().unwrap_or("all") {
            "all" | "" => Ok(Only::All),
            "unread" => Ok(Only::Unread),
            "starred" => Ok(Only::Starred),
            "recents" => Ok(Only::Recent),
            _ => Err(check.note("filter", "must be one of unread recents starred all")),
        };
        let order = match sort.as_deref().unwrap_or("latest") {
            "latest" | "" => Ok(Order::Latest),
            "oldest" => Ok(Order::Oldest),
            _ => Err(check.note("sort", "must be one of latest oldest")),
        };
        let channel = check.parsed::<KindWord>("channel", channel, KindWord::ALLOWED);
        let types = channel?.map_or(&[][..], |KindWord(kind)| kind.types());
        let channel_types = types.iter().map(|known| (*known).to_owned()).collect();
        Ok((ConversationFilter { only: only?, channel_types, search, ..ConversationFilter::default() }, order?))
    }
}

/// What is looked for; nothing where it is blank.
fn text(check: &mut Check, name: &str, text: Option<String>) -> Result<Option<String>, Noted> {
    let text = text.filter(|text| !text.trim().is_empty());
    match text {
        Some(text) if text.chars().count() > LONGEST_SEARCH => {
            Err(check.note(name, "must be at most 200 characters long"))
        }
        text => Ok(text),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "UpdateConversation")]
struct UpdateBody {
    #[serde(default)]
    is_starred: Field<bool>,
    #[serde(default)]
    unread_count: Field<u32>,
}

impl UpdateBody {
    fn read(self) -> Result<ConversationUpdate, ServiceError> {
        let Self { is_starred, unread_count } = self;
        let mut check = Check::default();
        let (is_starred, unread_count) =
            (check.value("isStarred", is_starred), check.value("unreadCount", unread_count));
        check.finish(|| Ok(ConversationUpdate { is_starred: is_starred?, unread_count: unread_count?, delete: false }))
    }
}

async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: web::Query<ListQuery>,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, Error> {
    let ListQuery { filter, search } = query.into_inner();
    let mut check = Check::default();
    let filter = text(&mut check, "search", search).and_then(|search| filter.read(&mut check, search));
    let part = page.into_inner().read(&mut check);
    let ((filter, order), part) = check.finish(|| Ok((filter?, part?)))?;
    let listed = service::list(&app, &principal, &filter, order, part).await?;
    let meta = page::meta(&part, &listed);
    let data: Vec<Conversation> = listed.items.into_iter().map(Into::into).collect();
    Ok(ok(Paged { data, meta }))
}

/// Without pages: as many as a list gives at once.
async fn search(
    app: web::Data<App>,
    principal: Principal,
    query: web::Query<SearchQuery>,
) -> Result<HttpResponse, Error> {
    let SearchQuery { filter, q } = query.into_inner();
    let mut check = Check::default();
    let wanted = match text(&mut check, "q", q) {
        Ok(None) => Err(check.note("q", "is required")),
        wanted => wanted.map(Option::unwrap_or_default),
    };
    let filter = filter.read(&mut check, None);
    let (wanted, (filter, order)) = check.finish(|| Ok((wanted?, filter?)))?;
    let found = search_conversations(&app, &principal, &wanted, filter, order).await?;
    Ok(ok(found.into_iter().map(Conversation::from).collect::<Vec<_>>()))
}

async fn show(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ConversationId>>,
) -> Result<HttpResponse, Error> {
    Ok(ok(Conversation::from(service::get(&app, &principal, path.id).await?)))
}

async fn update(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ConversationId>>,
    body: web::Json<UpdateBody>,
) -> Result<HttpResponse, Error> {
    let updated = service::update(&app, &principal, path.id, body.into_inner().read()?).await?;
    Ok(ok(Conversation::from(updated)))
}

async fn remove(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ConversationId>>,
) -> Result<HttpResponse, Error> {
    service::delete(&app, &principal, path.id).await?;
    Ok(done("the conversation was deleted"))
}
