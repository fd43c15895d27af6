//! Signing up, logging in and staying logged in.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use patchbay_domain::{
    LoginId, OrganisationId, UserId,
    people::{Dialect, Role},
};
use patchbay_store::{
    StoreError,
    invites::Invite,
    logins::{NewLogin, Rotation},
    users::{NewUser, User},
};
use serde_json::{Value, json};

use super::{
    ServiceError,
    audit::{Entity, joined},
    fields::{EmailAddress, Name, Password},
};
use crate::{
    app::App,
    auth::{Principal, RefreshToken},
};

#[derive(Debug)]
pub struct SignUp {
    pub organisation_name: Name,
    pub name: Name,
    pub email: EmailAddress,
    pub password: Password,
}

pub struct LogIn {
    /// An e-mail address or a username.
    pub account: String,
    pub password: String,
    pub address: Option<IpAddr>,
}

#[derive(Debug)]
pub struct AcceptInvite {
    pub token: String,
    pub name: Name,
    pub password: Password,
}

/// Somebody who is logged in now.
pub struct SignedIn {
    pub user: User,
    pub tokens: Pair,
}

/// What a login is carried on with.
pub struct Pair {
    pub access_token: String,
    pub refresh_token: String,
    pub access_until: DateTime<Utc>,
}

/// Makes an organisation and its owner.
pub async fn sign_up(app: &App, sign_up: SignUp, dialect: Dialect) -> Result<SignedIn, ServiceError> {
    let SignUp { organisation_name, name, email, password } = sign_up;
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
    app.store.sign_up(organisation_name.as_str(), &owner, Some(&audit), now).await.map_err(taken)?;
    log_in_new(app, owner, dialect).await
}

pub async fn log_in(app: &App, log_in: LogIn, dialect: Dialect) -> Result<SignedIn, ServiceError> {
    let LogIn { account, password, address } = log_in;
    let account = account.trim().to_lowercase();
    let attempt = Attempt::begin(app, &account, address).await?;
    let user = if account.contains('@') {
        app.store.user_by_email(&account).await?
    } else {
        app.store.user_by_username(&account).await?
    };
    let stored = user.as_ref().map(|user| user.password_hash.clone());
    let right = app.auth.passwords.verify(password, stored).await?;
    match user {
        Some(user) if right && user.is_active => {
            attempt.succeeded(app).await?;
            app.store.user_logged_in(user.id, (app.clock)()).await?;
            Ok(SignedIn { tokens: new_login(app, &user, dialect).await?, user })
        }
        // One answer for all of them, so that nobody learns which accounts there are.
        _ => {
            attempt.failed(app).await?;
            Err(ServiceError::Unauthenticated("the account or the password is wrong".to_owned()))
        }
    }
}

/// A new access token for a refresh token that stays as it is.
pub async fn refresh(app: &App, token: &RefreshToken) -> Result<String, ServiceError> {
    let now = (app.clock)();
    let login = app.store.login_by_refresh(&token.hash(), now).await?.ok_or_else(ended)?;
    Ok(app.auth.tokens.access((login.user_id, login.organisation_id, login.id), login.dialect, now)?)
}

/// A new pair for a refresh token, which is spent by it.
pub async fn rotate(app: &App, token: &RefreshToken) -> Result<Pair, ServiceError> {
    let (now, next) = ((app.clock)(), RefreshToken::random());
    let until = app.auth.tokens.refresh_until(now);
    match app.store.rotate_refresh(&token.hash(), &next.hash(), until, now).await? {
        Rotation::Rotated(login) => {
            let holder = (login.user_id, login.organisation_id, login.id);
            Ok(Pair {
                access_token: app.auth.tokens.access(holder, login.dialect, now)?,
                refresh_token: next.into_text(),
                access_until: now + app.auth.tokens.access_lifetime(login.dialect),
            })
        }
        Rotation::Reused => {
            tracing::warn!("a spent refresh token was used again; its login has ended");
            Err(ended())
        }
        Rotation::Refused => Err(ended()),
    }
}

/// Ends the caller's login.
pub async fn log_out(app: &App, principal: &Principal) -> Result<(), ServiceError> {
    app.store.revoke_login(principal.login_id, (app.clock)()).await?;
    app.auth.logins.forget(principal.login_id);
    Ok(())
}

pub async fn me(app: &App, principal: &Principal) -> Result<User, ServiceError> {
    app.store.user(principal.organisation_id, principal.user_id).await?.ok_or_else(ended)
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

async fn new_login(app: &App, user: &User, dialect: Dialect) -> Result<Pair, ServiceError> {
    let (now, refresh) = ((app.clock)(), RefreshToken::random());
    let login = NewLogin {
        id: LoginId::at(now),
        user_id: user.id,
        organisation_id: user.organisation_id,
        dialect,
        refresh_hash: refresh.hash(),
        expires_at: app.auth.tokens.refresh_until(now),
    };
    app.store.create_login(&login, now).await?;
    Ok(Pair {
        access_token: app.auth.tokens.access((user.id, user.organisation_id, login.id), dialect, now)?,
        refresh_token: refresh.into_text(),
        access_until: now + app.auth.tokens.access_lifetime(dialect),
    })
}

fn taken(error: StoreError) -> ServiceError {
    match error {
        StoreError::Conflict(_) => {
            ServiceError::conflict("EMAIL_TAKEN", "an account with this e-mail address exists already")
        }
        error => error.into(),
    }
}

fn ended() -> ServiceError {
    ServiceError::Unauthenticated("this login has ended; log in again".to_owned())
}

/// A try to log in, counted against the account before it is made, so that many at once do not get past the
/// limit, and against the address when it has failed.
struct Attempt {
    account: String,
    address: Option<String>,
    window_start: DateTime<Utc>,
    now: DateTime<Utc>,
}

impl Attempt {
    async fn begin(app: &App, account: &str, address: Option<IpAddr>) -> Result<Self, ServiceError> {
        let limit = u64::from(app.config.auth.login_attempts);
        let window = app.config.auth.login_window;
        let now = (app.clock)();
        let attempt = Self {
            account: format!("account:{account}"),
            address: address.map(|address| format!("address:{address}")),
            window_start: now - window,
            now,
        };
        let from_address = match &attempt.address {
            Some(address) => app.store.login_failures(address, attempt.window_start).await?,
            None => 0,
        };
        let of_account = app.store.record_login_failure(&attempt.account, attempt.window_start, now).await?;
        if of_account > limit || from_address >= limit {
            return Err(ServiceError::TooMany { message: "too many failed logins; wait a while", retry_after: window });
        }
        Ok(attempt)
    }

    async fn succeeded(self, app: &App) -> Result<(), ServiceError> {
        Ok(app.store.forget_login_failures(&self.account).await?)
    }

    async fn failed(self, app: &App) -> Result<(), ServiceError> {
        if let Some(address) = &self.address {
            app.store.record_login_failure(address, self.window_start, self.now).await?;
        }
        Ok(())
    }
}
