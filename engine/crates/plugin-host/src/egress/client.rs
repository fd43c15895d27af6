//! The HTTP clients: one for https, and one without TLS for what the operator allows.

use std::{sync::Arc, time::Duration};

use reqwest::{Client, redirect};
use rustls::crypto::{CryptoProvider, ring};
use url::Url;

use super::{
    EgressError,
    address::AllowRules,
    resolve::{Guard, Lookup},
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);
const IDLE_CONNECTIONS_PER_HOST: usize = 16;

pub struct Clients {
    tls: Client,
    plain: Client,
}

impl Clients {
    pub fn new(user_agent: &str, rules: &AllowRules, lookup: Arc<dyn Lookup>) -> Result<Self, EgressError> {
        if CryptoProvider::get_default().is_none() && ring::default_provider().install_default().is_err() {
            tracing::debug!("another TLS provider was installed first");
        }
        let build = |lookup, plain| {
            let guard = Guard { rules: rules.clone(), lookup, plain };
            Client::builder()
                .user_agent(user_agent)
                .dns_resolver(guard)
                .redirect(redirect::Policy::none())
                .referer(false)
                .no_proxy()
                .https_only(!plain)
                .connect_timeout(CONNECT_TIMEOUT)
                .pool_idle_timeout(IDLE_TIMEOUT)
                .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST)
                .build()
        };
        Ok(Self { tls: build(Arc::clone(&lookup), false)?, plain: build(lookup, true)? })
    }

    pub fn of(&self, url: &Url) -> &Client {
        if url.scheme() == "https" { &self.tls } else { &self.plain }
    }
}
