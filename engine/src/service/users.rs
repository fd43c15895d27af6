//! The people of an organisation and the invitations to join it.

use chrono::{DateTime, Duration, SubsecRound, Utc};
use patchbay_domain::{InviteId, UserId, folding::folded, people::Role};
use patchbay_store::{
    StoreError,
    invites::{Invite, NewInvite},
    users::User,
};
use serde_json::{Value, json};

use super::{
    ServiceError,
    audit::{Action, Entity},
    fields::EmailAddress,
};
use crate::{
    app::App,
    auth::{Admin, Principal, RefreshToken},
};

const INVITE_LIFETIME: Duration = Duration::days(7);

#[derive(Debug)]
pub struct InviteUser {
    pub email: EmailAddress,
    pub role: Role,
}

/// An invitation just made. Its token is known only now.
pub struct Invited {
    pub id: InviteId,
    pub email: String,
    pub role: Role,
    pub token: String,
    pub link: String,
    pub expires_at: DateTime<Utc>,
}

pub async fn list(app: &App, principal: &Principal) -> Result<Vec<User>, ServiceError> {
    Ok(app.store.users(principal.organisation_id).await?)
}

/// Those who are active, of a role, and called so: part of the name, the username or the e-mail address.
pub async fn search(
    app: &App,
    principal: &Principal,
    is_admin: Option<bool>,
    text: Option<&str>,
) -> Result<Vec<User>, ServiceError> {
    let wanted = text.map(folded);
    let mut users = list(app, principal).await?;
    users.retain(|user| {
        let names = [Some(&user.name), user.username.as_ref(), user.email.as_ref()];
        let is_called = |wanted: &String| names.iter().flatten().any(|name| folded(name).contains(wanted.as_str()));
        user.is_active
            && is_admin.is_none_or(|is_admin| user.role.is_admin() == is_admin)
            && wanted.as_ref().is_none_or(is_called)
    });
    Ok(users)
}

pub async fn get(app: &App, principal: &Principal, id: UserId) -> Result<User, ServiceError> {
    app.store.user(principal.organisation_id, id).await?.ok_or(ServiceError::NotFound("user"))
}

/// Somebody who can be given work.
pub async fn active(app: &App, principal: &Principal, id: UserId) -> Result<User, ServiceError> {
    let user = get(app, principal, id).await?;
    if user.is_active { Ok(user) } else { Err(ServiceError::NotFound("user")) }
}

pub async fn invite(app: &App, admin: &Admin, id: InviteId, invite: InviteUser) -> Result<Invited, ServiceError> {
    let InviteUser { email, role } = invite;
    let known = app.store.user_by_email(email.as_str()).await?;
    if known.is_some_and(|user| user.organisation_id == admin.organisation_id) {
        return Err(ServiceError::conflict("EMAIL_TAKEN", "this person belongs to the organisation already"));
    }
    let (now, token) = ((app.clock)(), RefreshToken::random());
    let invite = NewInvite {
        id,
        organisation_id: admin.organisation_id,
        email: email.into_string(),
        role,
        token_hash: token.hash(),
        invited_by: admin.user_id,
        expires_at: now.trunc_subsecs(6) + INVITE_LIFETIME,
    };
    let after = json!({"email": invite.email, "role": role, "expiresAt": invite.expires_at});
    let audit = admin.did(Action::Create, Entity::Invite, id).with_change(Value::Null, after);
    app.store.create_invite(&invite, Some(&audit), now).await.map_err(|error| match error {
        StoreError::Conflict(_) => {
            ServiceError::conflict("INVITE_PENDING", "an invitation of this person is still open")
        }
        error => error.into(),
    })?;
    let token = token.into_text();
    let link = format!("{}/accept-invite?token={token}", app.config.server.public_url);
    Ok(Invited { id, email: invite.email, role, token, link, expires_at: invite.expires_at })
}

pub async fn invites(app: &App, admin: &Admin) -> Result<Vec<Invite>, ServiceError> {
    Ok(app.store.invites(admin.organisation_id).await?)
}

/// Ends every login of the user: here at once, on every node within a second.
pub async fn deactivate(app: &App, admin: &Admin, id: UserId) -> Result<User, ServiceError> {
    let user = get(app, admin, id).await?;
    if user.id == admin.user_id {
        return Err(ServiceError::Forbidden("nobody can deactivate themselves".to_owned()));
    }
    if user.role == Role::Owner {
        return Err(ServiceError::Forbidden("the owner cannot be deactivated".to_owned()));
    }
    let now = (app.clock)();
    let audit = admin.did(Action::Delete, Entity::User, id);
    let audit = audit.with_change(json!({"isActive": user.is_active}), json!({"isActive": false}));
    app.store.deactivate_user(admin.organisation_id, id, Some(&audit), now).await?;
    app.auth.logins.forget_user(id);
    get(app, admin, id).await
}
