//! `/conversations`: lists, search, stars, marks and deletion.

use actix_web::{HttpResponse, web};
use patchbay_domain::ConversationId;
use patchbay_store::listing::{ConversationFilter, ConversationUpdate, Only, Order};
use serde::Deserialize;
use serde_json::json;

use super::{
    Error, Id, done, ok,
    page::{self, PageQuery},
    query::KindWord,
    views::Conversation,
};
use crate::{
    api::{
        endpoint::{Endpoint, delete, get, patch},
        fields::{Check, Field, Noted},
    },
    app::App,
    auth::Principal,
    service::{
        ServiceError, conversations as service,
        page::{LONGEST, Part},
    },
};

/// The longest text that is searched for.
const LONGEST_SEARCH: usize = 200;

pub fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/conversations", list),
        get("/conversations/search", search),
        get("/conversations/{id}", show),
        patch("/conversations/{id}", update),
        delete("/conversations/{id}", remove),
    ]
}

#[derive(Deserialize)]
struct FilterQuery {
    filter: Option<String>,
    search: Option<String>,
    q: Option<String>,
    sort: Option<String>,
    channel: Option<String>,
}

impl FilterQuery {
    fn read(self, check: &mut Check) -> Result<(ConversationFilter, Order), Noted> {
        let Self { filter, search, q, sort, channel } = self;
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
        let search = search.or(q).filter(|text| !text.trim().is_empty());
        if search.as_ref().is_some_and(|text| text.chars().count() > LONGEST_SEARCH) {
            check.note("search", "must be at most 200 characters long");
        }
        let types = channel?.map_or(&[][..], |KindWord(kind)| kind.types());
        let channel_types = types.iter().map(|known| (*known).to_owned()).collect();
        Ok((ConversationFilter { only: only?, channel_types, search }, order?))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
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
    filter: web::Query<FilterQuery>,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, Error> {
    let mut check = Check::default();
    let (filter, part) = (filter.into_inner().read(&mut check), page.into_inner().read(&mut check));
    let ((filter, order), part) = check.finish(|| Ok((filter?, part?)))?;
    let listed = service::list(&app, &principal, &filter, order, part).await?;
    let meta = page::meta(&part, &listed);
    let data: Vec<Conversation> = listed.items.into_iter().map(Into::into).collect();
    Ok(ok(json!({"data": data, "meta": meta})))
}

/// Without pages: as many as a list gives at once.
async fn search(
    app: web::Data<App>,
    principal: Principal,
    filter: web::Query<FilterQuery>,
) -> Result<HttpResponse, Error> {
    let mut check = Check::default();
    let filter = filter.into_inner();
    if filter.q.as_deref().or(filter.search.as_deref()).is_none_or(|text| text.trim().is_empty()) {
        check.note("q", "is required");
    }
    let filter = filter.read(&mut check);
    let (filter, order) = check.finish(|| filter)?;
    let part = Part::Page { number: 1, limit: LONGEST };
    let listed = service::list(&app, &principal, &filter, order, part).await?;
    Ok(ok(listed.items.into_iter().map(Conversation::from).collect::<Vec<_>>()))
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
