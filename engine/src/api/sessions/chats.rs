//! `/sessions/{id}/chats` and `/sessions/{id}/search`: who wrote, and where something was written.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, ContactId, MessageId, message::Direction};
use patchbay_store::chats;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Error, Id,
    answer::Many,
    messages::said,
    page::{self, LIMIT, PageQuery},
};
use crate::{
    api::{description::Described, endpoint::get, fields::Check},
    app::App,
    auth::Principal,
    service::{
        chats::{self as service, Found},
        page::LONGEST,
    },
};

/// The longest text that is searched for.
const LONGEST_SEARCH: usize = 200;

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/sessions/{id}/chats", list)
            .does("List chats")
            .query::<PageQuery>()
            .answers::<Many<Chat>>()
            .refuses(&[403]),
        get("/sessions/{id}/search", search)
            .does("Search messages")
            .query::<SearchQuery>()
            .query::<PageQuery>()
            .answers::<Many<Hit>>()
            .refuses(&[403]),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct SearchQuery {
    #[serde(default)]
    #[schemars(!default)]
    q: String,
}

#[derive(Serialize, JsonSchema)]
struct Chat {
    contact_id: ContactId,
    /// Or the chat as WhatsApp names it, where there is no number: either can be written to.
    phone_number: String,
    name: String,
    is_group: bool,
    profile_pic_url: Option<String>,
    last_message_body: Option<String>,
    last_message_timestamp: Option<DateTime<Utc>>,
    last_message_from_me: Option<bool>,
    unread_count: i64,
}

impl From<chats::Chat> for Chat {
    fn from(chat: chats::Chat) -> Self {
        let chats::Chat {
            contact_id,
            conversation_id: _,
            name,
            external_id,
            phone,
            avatar,
            is_group,
            unread_count,
            last_message_at,
            last_message,
        } = chat;
        Self {
            contact_id,
            phone_number: phone.unwrap_or(external_id),
            name,
            is_group,
            profile_pic_url: avatar,
            last_message_from_me: last_message.as_ref().map(|last| last.direction == Direction::Outbound),
            last_message_body: last_message.map(|last| last.content.preview()),
            last_message_timestamp: last_message_at,
            unread_count,
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FoundMessage")]
struct Hit {
    id: MessageId,
    contact_id: ContactId,
    contact_name: String,
    body: Option<String>,
    timestamp: DateTime<Utc>,
    from_me: bool,
}

impl From<Found> for Hit {
    fn from(found: Found) -> Self {
        let Found { message, contact_id, contact_name } = found;
        let message = message.message;
        Self {
            id: message.id,
            contact_id,
            contact_name,
            body: said(&message.content),
            timestamp: message.platform_at,
            from_me: message.direction == Direction::Outbound,
        }
    }
}

async fn list(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ChannelId>>,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Error> {
    let part = query.into_inner().part(LONGEST)?;
    let listed = service::list(&app, &principal, path.id, part).await?;
    Ok(HttpResponse::Ok().json(page::answer(listed, Chat::from)))
}

async fn search(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ChannelId>>,
    search: web::Query<SearchQuery>,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Error> {
    let text = search.into_inner().q;
    let mut check = Check::default();
    if text.trim().is_empty() {
        check.note("q", "is required");
    }
    if text.chars().count() > LONGEST_SEARCH {
        check.note("q", "must be at most 200 characters long");
    }
    let part = query.into_inner().read(&mut check, LIMIT);
    let part = check.finish(|| part)?;
    let (found, next_cursor) = service::search(&app, &principal, path.id, text.trim(), part).await?;
    let data = found.into_iter().map(Hit::from).collect();
    Ok(HttpResponse::Ok().json(Many { success: true, data, total: None, next_cursor }))
}
