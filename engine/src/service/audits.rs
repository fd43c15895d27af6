//! The audit log, for administrators.

use patchbay_domain::UserId;
use patchbay_store::{
    audit::{ActionCount, Audit, AuditCursor, AuditFilter},
    tickets::Page,
};

use super::{
    ServiceError,
    page::{Listed, Part},
    users,
};
use crate::{app::App, auth::Admin};

/// The newest first.
pub async fn list(
    app: &App,
    admin: &Admin,
    filter: &AuditFilter,
    part: Part<AuditCursor>,
) -> Result<Listed<Audit>, ServiceError> {
    let organisation = admin.organisation_id;
    let page = Page { limit: part.limit(), offset: part.offset(), after: part.after() };
    let items = app.store.audits(organisation, filter, page).await?;
    let total = app.store.count_audits(organisation, filter).await?;
    Ok(Listed::of(items, total, part.limit(), |last| AuditCursor { created_at: last.created_at, id: last.id }))
}

pub async fn of_user(
    app: &App,
    admin: &Admin,
    user: UserId,
    filter: AuditFilter,
    part: Part<AuditCursor>,
) -> Result<Listed<Audit>, ServiceError> {
    users::get(app, admin, user).await?;
    list(app, admin, &AuditFilter { user_id: Some(user), ..filter }, part).await
}

pub async fn summary(app: &App, admin: &Admin, filter: &AuditFilter) -> Result<Vec<ActionCount>, ServiceError> {
    Ok(app.store.count_actions(admin.organisation_id, filter).await?)
}
