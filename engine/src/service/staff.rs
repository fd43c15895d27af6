//! The people of an organisation where they are managed by those who made them: who may is told by
//! `domain::hierarchy`.

use patchbay_domain::{
    UserId,
    hierarchy::{manages, may_appoint},
    people::Role,
};
use patchbay_store::{
    StoreError,
    users::{NewUser, User},
};
use serde_json::{Value, json};

use super::{
    ServiceError, WriteId, accounts,
    audit::{Action, Entity},
    fields::{StrongPassword, Username},
    users,
};
use crate::{
    app::App,
    auth::{Admin, Principal},
};

#[derive(Debug)]
pub struct NewMember {
    pub username: Username,
    pub password: StrongPassword,
    /// With none they are called by their username.
    pub name: Option<String>,
    pub role: Role,
}

pub async fn create(app: &App, admin: &Admin, write: WriteId, member: NewMember) -> Result<User, ServiceError> {
    let NewMember { username, password, name, role } = member;
    if !may_appoint(admin.role, role) {
        return Err(ServiceError::Forbidden("only the owner may make administrators".to_owned()));
    }
    let id = UserId::from(write.id);
    if write.repeated
        && let Some(made) = app.store.user(admin.organisation_id, id).await?
    {
        return Ok(made);
    }
    let password_hash = app.auth.passwords.hash(password.into_string()).await?;
    let user = NewUser {
        id,
        organisation_id: admin.organisation_id,
        email: None,
        name: name.unwrap_or_else(|| username.as_str().to_owned()),
        username: Some(username.into_string()),
        password_hash,
        role,
        created_by: Some(admin.user_id),
    };
    let after = json!({"name": user.name, "username": user.username, "role": role});
    let audit = admin.did(Action::Create, Entity::User, id).with_change(Value::Null, after);
    app.store.create_user(&user, Some(&audit), (app.clock)()).await.map_err(|error| match error {
        StoreError::Conflict(_) => ServiceError::conflict("USERNAME_TAKEN", "this username is taken"),
        error => error.into(),
    })?;
    users::get(app, admin, id).await
}

/// Those whom the caller manages, the newest first.
pub async fn list(app: &App, admin: &Admin) -> Result<Vec<User>, ServiceError> {
    let mut users = users::list(app, admin).await?;
    users.retain(|user| manages(admin, user.created_by));
    users.reverse();
    Ok(users)
}

pub async fn get(app: &App, admin: &Admin, id: UserId) -> Result<User, ServiceError> {
    let user = users::get(app, admin, id).await?;
    if manages(admin, user.created_by) {
        Ok(user)
    } else {
        Err(ServiceError::Forbidden("only the owner, and whoever made this user, may do this".to_owned()))
    }
}

/// Gives a user another password, which ends every login of theirs.
pub async fn reset_password(
    app: &App,
    admin: &Admin,
    id: UserId,
    password: StrongPassword,
) -> Result<(), ServiceError> {
    let user = get(app, admin, id).await?;
    set_password(app, admin, &user, password.into_string(), false).await
}

/// Every other login of the caller ends.
pub async fn change_password(
    app: &App,
    principal: &Principal,
    current: String,
    password: StrongPassword,
) -> Result<(), ServiceError> {
    let user = users::get(app, principal, principal.user_id).await?;
    if !accounts::knows_password(app, &user, current).await? {
        return Err(ServiceError::invalid("current_password", "is not the password of this account"));
    }
    set_password(app, principal, &user, password.into_string(), true).await
}

async fn set_password(
    app: &App,
    principal: &Principal,
    user: &User,
    password: String,
    stays: bool,
) -> Result<(), ServiceError> {
    let hash = app.auth.passwords.hash(password).await?;
    let kept = stays.then_some(principal.login_id);
    let audit = principal.did(Action::Update, Entity::User, user.id);
    let audit = audit.with_change(json!({}), json!({"passwordReplaced": true}));
    let (organisation, now) = (user.organisation_id, (app.clock)());
    if !app.store.set_password(organisation, user.id, &hash, kept, Some(&audit), now).await? {
        return Err(ServiceError::NotFound("user"));
    }
    app.auth.logins.forget_user(user.id);
    Ok(())
}

pub async fn deactivate(app: &App, admin: &Admin, id: UserId) -> Result<User, ServiceError> {
    get(app, admin, id).await?;
    users::deactivate(app, admin, id).await
}

pub async fn reactivate(app: &App, admin: &Admin, id: UserId) -> Result<User, ServiceError> {
    let user = get(app, admin, id).await?;
    let audit = admin.did(Action::Update, Entity::User, id);
    let audit = audit.with_change(json!({"isActive": user.is_active}), json!({"isActive": true}));
    app.store.reactivate_user(admin.organisation_id, id, Some(&audit), (app.clock)()).await?;
    users::get(app, admin, id).await
}
