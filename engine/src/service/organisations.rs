//! The caller's organisation.

use patchbay_store::organisations::Organisation;
use serde_json::json;

use super::{
    ServiceError,
    audit::{Action, Entity},
    fields::Name,
};
use crate::{
    app::App,
    auth::{Admin, Principal},
};

pub async fn get(app: &App, principal: &Principal) -> Result<Organisation, ServiceError> {
    app.store.organisation(principal.organisation_id).await?.ok_or(ServiceError::NotFound("organisation"))
}

pub async fn rename(app: &App, admin: &Admin, name: &Name) -> Result<Organisation, ServiceError> {
    let (id, known) = (admin.organisation_id, get(app, admin).await?);
    let audit = admin.did(Action::Update, Entity::Organisation, id);
    let audit = audit.with_change(json!({"name": known.name}), json!({"name": name.as_str()}));
    if !app.store.rename_organisation(id, name.as_str(), Some(&audit), (app.clock)()).await? {
        return Err(ServiceError::NotFound("organisation"));
    }
    get(app, admin).await
}
