//! Access and refresh tokens: making, signing and checking them.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use patchbay_domain::{LoginId, OrganisationId, UserId, people::Dialect};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::config;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Access,
}

/// What an access token says. Its role is not among it: roles change while tokens live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub sub: UserId,
    pub org: OrganisationId,
    pub login: LoginId,
    pub dialect: Dialect,
    typ: Kind,
    pub iat: i64,
    pub exp: i64,
    pub jti: Uuid,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the access token has expired; refresh it")]
    Expired,
    #[error("this is not a valid access token")]
    Invalid,
    #[error("the access token could not be signed")]
    Signing,
}

/// Signs and checks access tokens.
#[derive(Clone)]
pub struct Tokens {
    signing: EncodingKey,
    checking: DecodingKey,
    access_lifetime: config::AccessLifetime,
    refresh_lifetime: Duration,
}

impl Tokens {
    pub fn new(config: &config::Auth) -> Self {
        let secret = config.jwt_secret.expose().as_bytes();
        Self {
            signing: EncodingKey::from_secret(secret),
            checking: DecodingKey::from_secret(secret),
            access_lifetime: config.access_lifetime,
            refresh_lifetime: config.refresh_lifetime,
        }
    }

    pub fn access_lifetime(&self, dialect: Dialect) -> Duration {
        match dialect {
            Dialect::Helpdesk => self.access_lifetime.helpdesk,
            Dialect::Inbox => self.access_lifetime.inbox,
            Dialect::Business => self.access_lifetime.business,
            Dialect::Sessions => self.access_lifetime.sessions,
        }
    }

    /// When a refresh token made now ends.
    pub fn refresh_until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.refresh_lifetime
    }

    pub fn access(
        &self,
        (user, organisation, login): (UserId, OrganisationId, LoginId),
        dialect: Dialect,
        now: DateTime<Utc>,
    ) -> Result<String, TokenError> {
        let claims = Claims {
            sub: user,
            org: organisation,
            login,
            dialect,
            typ: Kind::Access,
            iat: now.timestamp(),
            exp: (now + self.access_lifetime(dialect)).timestamp(),
            jti: Uuid::new_v4(),
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.signing).map_err(|_| TokenError::Signing)
    }

    /// What a token claims, if this installation signed it and its time is not over.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, TokenError> {
        let mut validation = Validation::new(Algorithm::HS256);
        // By our own clock, below.
        validation.validate_exp = false;
        let claims = decode::<Claims>(token, &self.checking, &validation).map_err(|_| TokenError::Invalid)?.claims;
        if claims.exp <= now.timestamp() { Err(TokenError::Expired) } else { Ok(claims) }
    }
}

/// A refresh token as its holder has it. The store keeps its hash.
pub struct RefreshToken(String);

impl RefreshToken {
    pub fn random() -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
    }

    pub fn presented(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The token itself, for its holder alone.
    pub fn into_text(self) -> String {
        self.0
    }

    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.0.as_bytes()))
    }
}

#[cfg(test)]
pub mod tests {
    use chrono::Duration as Span;

    use super::*;
    use crate::config::{AccessLifetime, Secret};

    pub fn tokens(secret: &str) -> Tokens {
        let minute = Duration::from_mins(1);
        Tokens::new(&config::Auth {
            jwt_secret: Secret::new(secret),
            access_lifetime: AccessLifetime {
                helpdesk: 15 * minute,
                inbox: 15 * minute,
                sessions: 720 * minute,
                business: 10_080 * minute,
            },
            refresh_lifetime: Duration::from_hours(720),
            login_attempts: 10,
            login_window: 15 * minute,
            requests_per_minute: 600,
            sends_per_minute: 60,
        })
    }

    fn holder(now: DateTime<Utc>) -> (UserId, OrganisationId, LoginId) {
        (UserId::at(now), OrganisationId::at(now), LoginId::at(now))
    }

    #[test]
    fn a_token_is_good_until_its_dialects_lifetime_is_over() {
        let (tokens, now) = (tokens("0123456789abcdef0123456789abcdef"), DateTime::UNIX_EPOCH);
        let holder = holder(now);
        let token = tokens.access(holder, Dialect::Helpdesk, now).unwrap();
        let claims = tokens.verify(&token, now + Span::seconds(899)).unwrap();
        assert_eq!((claims.sub, claims.org, claims.login), holder);
        assert_eq!(claims.dialect, Dialect::Helpdesk);
        assert_eq!(tokens.verify(&token, now + Span::seconds(900)), Err(TokenError::Expired));
        let week = tokens.access(holder, Dialect::Business, now).unwrap();
        assert!(tokens.verify(&week, now + Span::days(6)).is_ok());
    }

    #[test]
    fn what_was_signed_elsewhere_or_changed_is_no_token() {
        let (ours, now) = (tokens("0123456789abcdef0123456789abcdef"), DateTime::UNIX_EPOCH);
        let theirs = tokens("fedcba9876543210fedcba9876543210");
        let token = theirs.access(holder(now), Dialect::Inbox, now).unwrap();
        assert_eq!(ours.verify(&token, now), Err(TokenError::Invalid));
        let token = ours.access(holder(now), Dialect::Inbox, now).unwrap();
        let (head, rest) = token.split_once('.').unwrap();
        let (_, signature) = rest.split_once('.').unwrap();
        let claims = BASE64_URL_SAFE_NO_PAD.encode(r#"{"sub":"x","typ":"access"}"#);
        for forged in [format!("{head}.{claims}.{signature}"), String::new(), "a.b.c".to_owned()] {
            assert_eq!(ours.verify(&forged, now), Err(TokenError::Invalid), "{forged}");
        }
        let unsigned = format!("{}.{}.", BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#), rest);
        assert_eq!(ours.verify(&unsigned, now), Err(TokenError::Invalid));
    }

    #[test]
    fn a_refresh_token_is_no_access_token_and_is_stored_as_a_hash() {
        let (tokens, now) = (tokens("0123456789abcdef0123456789abcdef"), DateTime::UNIX_EPOCH);
        let refresh = RefreshToken::random();
        assert_ne!(refresh.hash(), RefreshToken::random().hash());
        assert_eq!(refresh.hash().len(), 64);
        let hash = refresh.hash();
        let text = refresh.into_text();
        assert_eq!(RefreshToken::presented(text.clone()).hash(), hash);
        assert_eq!(tokens.verify(&text, now), Err(TokenError::Invalid));
    }

    #[test]
    fn other_kinds_of_tokens_signed_with_the_same_secret_are_refused() {
        let (tokens, now) = (tokens("0123456789abcdef0123456789abcdef"), DateTime::UNIX_EPOCH);
        let token = tokens.access(holder(now), Dialect::Inbox, now).unwrap();
        let claims = tokens.verify(&token, now).unwrap();
        let mut other = serde_json::to_value(&claims).unwrap();
        other["typ"] = "refresh".into();
        let other = encode(&Header::new(Algorithm::HS256), &other, &tokens.signing).unwrap();
        assert_eq!(tokens.verify(&other, now), Err(TokenError::Invalid));
    }
}
