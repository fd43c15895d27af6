//! Guesses of passwords are counted, and after too many nobody may try for a while.

use std::net::IpAddr;

use chrono::{DateTime, Utc};

use crate::{app::App, service::ServiceError};

/// No account is called longer than this.
const LONGEST: usize = 320;

/// A try to log in, counted against the account before it is made, so that many at once do not get past the
/// limit, and against the address when it has failed.
pub(super) struct Attempt {
    account: String,
    address: Option<String>,
    window_start: DateTime<Utc>,
    now: DateTime<Utc>,
}

impl Attempt {
    pub(super) async fn begin(app: &App, account: &str, address: Option<IpAddr>) -> Result<Self, ServiceError> {
        let limit = u64::from(app.config.auth.login_attempts);
        let window = app.config.auth.login_window;
        let now = (app.clock)();
        let attempt = Self {
            account: format!("account:{}", account.chars().take(LONGEST).collect::<String>()),
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

    pub(super) async fn succeeded(self, app: &App) -> Result<(), ServiceError> {
        Ok(app.store.forget_login_failures(&self.account).await?)
    }

    pub(super) async fn failed(self, app: &App) -> Result<(), ServiceError> {
        if let Some(address) = &self.address {
            app.store.record_login_failure(address, self.window_start, self.now).await?;
        }
        Ok(())
    }
}
