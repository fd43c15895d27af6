//! How people come to have an account: they sign up with an organisation of their own, or accept an invitation.

use patchbay_domain::{
    OrganisationId, UserId,
    people::{Dialect, Role},
};
use patchbay_store::{StoreError, invites::Invite, organisations::NewOrganisation, users::NewUser};
use serde_json::{Value, json};

use super::{SignedIn, ended, new_login};
use crate::{
    app::App,
    auth::RefreshToken,
    service::{
        ServiceError,
        audit::{Entity, joined},
        fields::{EmailAddress, Name, Password, Slug},
    },
};

/// The code of a conflict about [`SignUp::slug`].
pub const SLUG_TAKEN: &str = "SLUG_TAKEN";

#[derive(Debug)]
pub struct SignUp {
    pub organisation_name: Name,
    /// What the organisation is called in addresses.
    pub slug: Option<Slug>,
    pub name: Name,
    pub email: EmailAddress,
    pub password: Password,
}

#[derive(Debug)]
pub struct AcceptInvite {
    pub token: String,
    pub name: Name,
    pub password: Password,
}

/// Makes an organisation and its owner.
pub async fn sign_up(app: &App, sign_up: SignUp, dialect: Dialect) -> Result<SignedIn, ServiceError> {
    let SignUp { organisation_name, slug, name, email, password } = sign_up;
    if let Some(slug) = &slug
        && app.store.is_slug_taken(slug.as_str()).await?
    {
        return Err(slug_taken());
    }
    let password_hash = app.auth.passwords.hash(password.into_string()).await?;
    let now = (app.clock)();
    let owner = NewUser {
        id: UserId::at(now),
        organisation_id: OrganisationId::at(now),
        email: Some(email.into_string()),
        username: None,
        name: name.into_string(),
        password_hash,
        role: Role::Owner,
        created_by: None,
    };
    let after = json!({"name": organisation_name.as_str()});
    let audit = joined(&owner, Entity::Organisation, owner.organisation_id).with_change(Value::Null, after);
    let slug = slug.as_ref().map(Slug::as_str);
    let organisation = NewOrganisation { name: organisation_name.as_str(), slug };
    match app.store.sign_up(organisation, &owner, Some(&audit), now).await {
        // Two at once wanted it.
        Err(StoreError::Conflict(_)) if is_taken(app, slug).await? => return Err(slug_taken()),
        signed_up => signed_up.map_err(taken)?,
    }
    log_in_new(app, owner, dialect).await
}

/// An invitation that can be accepted.
pub async fn invite(app: &App, token: &str) -> Result<Invite, ServiceError> {
    let invite = app.store.invite_by_token(&RefreshToken::presented(token).hash()).await?;
    let now = (app.clock)();
    invite
        .filter(|invite| invite.accepted_at.is_none() && invite.expires_at > now)
        .ok_or_else(|| ServiceError::invalid("token", "is no invitation that is open"))
}

pub async fn accept_invite(app: &App, accept: AcceptInvite, dialect: Dialect) -> Result<SignedIn, ServiceError> {
    let AcceptInvite { token, name, password } = accept;
    let invite = invite(app, &token).await?;
    let password_hash = app.auth.passwords.hash(password.into_string()).await?;
    let now = (app.clock)();
    let user = NewUser {
        id: UserId::at(now),
        organisation_id: invite.organisation_id,
        email: Some(invite.email),
        username: None,
        name: name.into_string(),
        password_hash,
        role: invite.role,
        created_by: Some(invite.invited_by),
    };
    let after = json!({"name": user.name, "email": user.email, "role": user.role});
    let audit = joined(&user, Entity::User, user.id).with_change(Value::Null, after);
    if !app.store.accept_invite(invite.id, &user, Some(&audit), now).await.map_err(taken)? {
        return Err(ServiceError::invalid("token", "is no invitation that is open"));
    }
    log_in_new(app, user, dialect).await
}

async fn log_in_new(app: &App, user: NewUser, dialect: Dialect) -> Result<SignedIn, ServiceError> {
    let user = app.store.user(user.organisation_id, user.id).await?.ok_or_else(ended)?;
    Ok(SignedIn { tokens: new_login(app, &user, dialect).await?, user })
}

async fn is_taken(app: &App, slug: Option<&str>) -> Result<bool, StoreError> {
    match slug {
        Some(slug) => app.store.is_slug_taken(slug).await,
        None => Ok(false),
    }
}

fn slug_taken() -> ServiceError {
    ServiceError::conflict(SLUG_TAKEN, "another organisation is called so in addresses")
}

fn taken(error: StoreError) -> ServiceError {
    match error {
        StoreError::Conflict(_) => {
            ServiceError::conflict("EMAIL_TAKEN", "an account with this e-mail address exists already")
        }
        error => error.into(),
    }
}
