//! `/orgs/{orgId}/notifications`.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use patchbay_domain::{NotificationId, OrganisationId};
use patchbay_store::notifications as stored;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Error, Id,
    page::{self, PageQuery},
};
use crate::{
    api::endpoint::{Endpoint, get, patch},
    app::App,
    auth::Principal,
    service::notifications,
};

pub fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/{organisation}/notifications", list),
        get("/{organisation}/notifications/unread-count", unread),
        patch("/{organisation}/notifications/mark-all-read", mark_all_read),
        patch("/{organisation}/notifications/{id}/read", mark_read),
    ]
}

/// Only `true` filters.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FilterQuery {
    unread_only: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    id: NotificationId,
    org_id: OrganisationId,
    #[serde(rename = "type")]
    kind: String,
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
        Self { id, org_id: organisation_id, kind, title, message, data, is_read, read_at, created_at }
    }
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
    Ok(HttpResponse::Ok().json(json!({"count": notifications::unread(&app, &principal).await?})))
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
    Ok(HttpResponse::Ok().json(json!({"count": notifications::mark_all_read(&app, &principal).await?})))
}
