//! The caller's organisation.

use patchbay_store::organisations::Organisation;

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
    let (id, now) = (admin.organisation_id, (app.clock)());
    if !app.store.rename_organisation(id, name.as_str(), now).await? {
        return Err(ServiceError::NotFound("organisation"));
    }
    app.store.audit(&admin.did(Action::Update, Entity::Organisation, id), now).await?;
    get(app, admin).await
}
