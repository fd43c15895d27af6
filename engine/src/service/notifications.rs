//! What a user was told, and what of it was read.

use patchbay_domain::NotificationId;
use patchbay_store::{notifications::Notification, tickets::Page};

use super::{
    ServiceError,
    page::{Listed, Part},
};
use crate::{app::App, auth::Principal};

/// The newest first.
pub async fn list(
    app: &App,
    principal: &Principal,
    unread_only: bool,
    part: Part<i64>,
) -> Result<Listed<Notification>, ServiceError> {
    let (organisation, user) = (principal.organisation_id, principal.user_id);
    let page = Page { limit: part.limit(), offset: part.offset(), after: part.after() };
    let items = app.store.notifications(organisation, user, unread_only, page).await?;
    let total = app.store.count_notifications(organisation, user, unread_only).await?;
    Ok(Listed::of(items, total, part.limit(), |last| last.sequence))
}

pub async fn unread(app: &App, principal: &Principal) -> Result<u64, ServiceError> {
    Ok(app.store.count_notifications(principal.organisation_id, principal.user_id, true).await?)
}

pub async fn mark_read(app: &App, principal: &Principal, id: NotificationId) -> Result<Notification, ServiceError> {
    let (organisation, user) = (principal.organisation_id, principal.user_id);
    app.store.mark_notification_read(organisation, user, id, (app.clock)()).await?;
    app.store.notification(organisation, user, id).await?.ok_or(ServiceError::NotFound("notification"))
}

/// How many were unread.
pub async fn mark_all_read(app: &App, principal: &Principal) -> Result<u64, ServiceError> {
    let (organisation, user) = (principal.organisation_id, principal.user_id);
    Ok(app.store.mark_all_notifications_read(organisation, user, (app.clock)()).await?)
}
