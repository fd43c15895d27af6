//! Who is calling, and may they?
//!
//! A login makes a short-lived access token and a long-lived refresh token. The
//! access token is a signed claim; what it claims is looked up again within
//! half a second of each use, so that logout, deactivation and a changed role
//! take effect on every node. A refresh token is random and only its hash is
//! stored, so neither can stand in for the other.
//!
//! Nothing is open unless its route says so (`api::endpoint::Access`), and what
//! only administrators may do asks for an [`Admin`], which only [`Admin::of`] makes.

mod address;
mod logins;
mod passwords;
mod requests;
mod roles;
mod tokens;

use patchbay_store::Store;

pub use address::client_address;
pub use logins::Logins;
pub use passwords::{PasswordError, Passwords};
pub use requests::{RequestLimits, Standing, Subject};
pub use roles::{Admin, Forbidden, Origin, Principal};
pub use tokens::{Claims, RefreshToken, TokenError, Tokens};

use crate::config;

/// Everything that tells callers apart.
pub struct Auth {
    pub tokens: Tokens,
    pub passwords: Passwords,
    pub logins: Logins,
    pub requests: RequestLimits,
    /// Messages of an organisation, in the dialect that counts them.
    pub sends: RequestLimits,
}

impl Auth {
    pub fn new(config: &config::Auth, store: Store, cores: usize) -> Result<Self, PasswordError> {
        Ok(Self {
            tokens: Tokens::new(config),
            passwords: Passwords::new(cores)?,
            logins: Logins::new(store),
            requests: RequestLimits::new(config.requests_per_minute),
            sends: RequestLimits::new(config.sends_per_minute),
        })
    }
}
