//! `/orgs/{orgId}/notifications`.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use patchbay_domain::{NotificationId, OrganisationId, notice::NoticeKind};
use patchbay_store::notifications as stored;
use schemars::JsonSchema;
use serde::{
    Deserialize, Serialize,
    de::value::{Error as ValueError, StrDeserializer},
};
use serde_json::Value;

use super::{
    Error, Id,
    page::{self, PageQuery},
};
use crate::{
    api::{
        description::Described,
        endpoint::{get, patch},
    },
    app::App,
    auth::Principal,
    service::notifications,
};

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/{organisation}/notifications", list)
            .does("List my notifications")
            .query::<FilterQuery>()
            .pages::<Notification>(),
        get("/{organisation}/notifications/unread-count", unread)
            .does("Count my unread notifications")
            .answers::<Counted>(),
        patch("/{organisation}/notifications/mark-all-read", mark_all_read)
            .does("Mark all my notifications as read")
            .answers::<Counted>(),
        patch("/{organisation}/notifications/{id}/read", mark_read)
            .does("Mark a notification as read")
            .answers::<Notification>(),
    ]
}

/// Only `true` filters.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FilterQuery {
    unread_only: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Notification {
    id: NotificationId,
    org_id: OrganisationId,
    #[serde(rename = "type")]
    kind: NoticeKind,
    /// What it is about where it is about a channel, for which the document has no type of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<String>,
    title: String,
    message: String,
    data: Value,
    is_read: bool,
    read_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl From<stored::Notification> for Notification {
    fn from(known: stored::Notification) -> Self {
        let stored::Notification {
            id,
            organisation_id,
            user_id: _,
            kind,
            title,
            message,
            data,
            sequence: _,
            created_at,
            read_at,
        } = known;
        let is_read = read_at.is_some();
        let documented = NoticeKind::deserialize(StrDeserializer::<ValueError>::new(&kind));
        let (kind, alert) = match documented {
            Ok(kind) => (kind, None),
            Err(_) => (NoticeKind::NewMessage, Some(kind)),
        };
        Self { id, org_id: organisation_id, kind, alert, title, message, data, is_read, read_at, created_at }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "NotificationCount")]
struct Counted {
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
    let unread_only = filter.unread_only.as_deref() == Some("true");
    let listed = notifications::list(&app, &principal, unread_only, part).await?;
    Ok(page::answer(&request, &part, listed, Notification::from))
}

async fn unread(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(Counted { count: notifications::unread(&app, &principal).await? }))
}

async fn mark_read(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<NotificationId>>,
) -> Result<HttpResponse, Error> {
    let read = notifications::mark_read(&app, &principal, path.id).await?;
    Ok(HttpResponse::Ok().json(Notification::from(read)))
}

async fn mark_all_read(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(Counted { count: notifications::mark_all_read(&app, &principal).await? }))
}
