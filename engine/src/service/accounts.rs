//! Logging in and staying logged in. How people come to have an account is in `joining.rs`, how guesses are counted in
//! `guesses.rs`.

mod guesses;
mod joining;

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use guesses::Attempt;
pub use joining::{AcceptInvite, SLUG_TAKEN, SignUp, accept_invite, invite, sign_up};
use patchbay_domain::{LoginId, people::Dialect};
use patchbay_store::{
    logins::{NewLogin, Rotation},
    users::User,
};

use super::ServiceError;
use crate::{
    app::App,
    auth::{Principal, RefreshToken},
};

pub struct LogIn {
    /// An e-mail address or a username.
    pub account: String,
    pub password: String,
    pub address: Option<IpAddr>,
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

pub async fn log_in(app: &App, log_in: LogIn, dialect: Dialect) -> Result<SignedIn, ServiceError> {
    match log_in_unless_off(app, log_in, dialect).await? {
        Ok(signed_in) => Ok(signed_in),
        Err(SwitchedOff) => Err(wrong()),
    }
}

/// The password is right, and the account is switched off.
pub struct SwitchedOff;

/// For dialects that tell those with the right password that their account is switched off.
pub async fn log_in_unless_off(
    app: &App,
    log_in: LogIn,
    dialect: Dialect,
) -> Result<Result<SignedIn, SwitchedOff>, ServiceError> {
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
            Ok(Ok(SignedIn { tokens: new_login(app, &user, dialect).await?, user }))
        }
        found => {
            attempt.failed(app).await?;
            // One answer for all others, so that nobody learns which accounts there are.
            if right && found.is_some() { Ok(Err(SwitchedOff)) } else { Err(wrong()) }
        }
    }
}

fn wrong() -> ServiceError {
    ServiceError::Unauthenticated("the account or the password is wrong".to_owned())
}

/// Whether somebody who is logged in knows their password; guesses are counted as those at the login are.
pub async fn knows_password(app: &App, user: &User, password: String) -> Result<bool, ServiceError> {
    let attempt = Attempt::begin(app, &user.id.to_string(), None).await?;
    let right = app.auth.passwords.verify(password, Some(user.password_hash.clone())).await?;
    if right {
        attempt.succeeded(app).await?;
    }
    Ok(right)
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

fn ended() -> ServiceError {
    ServiceError::Unauthenticated("this login has ended; log in again".to_owned())
}
