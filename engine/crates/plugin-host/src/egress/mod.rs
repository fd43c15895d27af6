//! Sends what connectors ask to send, after the sandbox: checks the address by the `policy`, puts the
//! channel's `credentials` in, builds the `body`, follows redirects, and reads the `answer`. Connections go
//! only to addresses that `resolve` and `address` let through.
//!
//! An error tells what is known of the request: it never left, or it may have arrived. No error, and no log
//! line, holds more of an address than its host.

pub mod address;
mod answer;
mod body;
mod client;
mod credentials;
mod headers;
pub mod policy;
pub mod resolve;
mod transfer;

use std::{sync::Arc, time::Duration};

use patchbay_domain::platform::{Manifest, Request, Response, TransportError};

use crate::{ChannelView, MediaStore};
use address::{AllowRule, AllowRules};
use client::Clients;
use policy::{Grants, Policy};
use resolve::{Lookup, SystemLookup};
use transfer::Transfer;

#[derive(Clone, Debug)]
pub struct EgressConfig {
    /// Hosts, addresses and networks that may be reached although they are private, and without TLS.
    pub allow_private: Vec<String>,
    /// Which of the hosts that connectors declare they may reach.
    pub grants: Grants,
    pub user_agent: String,
    pub default_timeout: Duration,
    /// The most that a connector can ask for.
    pub max_timeout: Duration,
    pub max_response_bytes: usize,
    pub max_saved_bytes: usize,
    pub max_redirects: usize,
}

impl Default for EgressConfig {
    fn default() -> Self {
        Self {
            allow_private: Vec::new(),
            grants: Grants::Declared,
            user_agent: concat!("Patchbay/", env!("CARGO_PKG_VERSION")).to_owned(),
            default_timeout: Duration::from_secs(30),
            max_timeout: Duration::from_mins(5),
            max_response_bytes: 8 << 20,
            max_saved_bytes: 100 << 20,
            max_redirects: 5,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    #[error("{0:?} is no host name, address or network")]
    AllowRule(String),
    #[error("the HTTP client cannot be made: {0}")]
    Client(#[from] reqwest::Error),
}

#[derive(Clone)]
pub struct Egress {
    inner: Arc<Inner>,
}

struct Inner {
    clients: Clients,
    policy: Policy,
    limits: Limits,
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    default_timeout: Duration,
    max_timeout: Duration,
    response_bytes: usize,
    saved_bytes: usize,
    redirects: usize,
}

impl Egress {
    pub fn new(config: EgressConfig) -> Result<Self, EgressError> {
        Self::with_lookup(config, Arc::new(SystemLookup))
    }

    /// With another way to find the addresses of a name.
    pub fn with_lookup(config: EgressConfig, lookup: Arc<dyn Lookup>) -> Result<Self, EgressError> {
        let EgressConfig {
            allow_private,
            grants,
            user_agent,
            default_timeout,
            max_timeout,
            max_response_bytes: response_bytes,
            max_saved_bytes: saved_bytes,
            max_redirects: redirects,
        } = config;
        let rule = |text: &String| AllowRule::parse(text).ok_or_else(|| EgressError::AllowRule(text.clone()));
        let rules = AllowRules::new(allow_private.iter().map(rule).collect::<Result<_, _>>()?);
        let clients = Clients::new(&user_agent, &rules, lookup)?;
        let limits = Limits { default_timeout, max_timeout, response_bytes, saved_bytes, redirects };
        Ok(Self { inner: Arc::new(Inner { clients, policy: Policy { grants, rules }, limits }) })
    }

    /// Sends a request for a channel and returns the platform's answer, whatever its status.
    pub async fn perform(
        &self,
        channel: &ChannelView,
        manifest: &Manifest,
        request: &Request,
        media: &dyn MediaStore,
    ) -> Result<Response, TransportError> {
        let Inner { clients, policy, limits } = &*self.inner;
        let transfer = Transfer { clients, policy, limits, channel, manifest, request, media };
        // Kept off the caller's stack: the state of a transfer is large.
        let answer = Box::pin(transfer.run()).await;
        let outcome = match &answer {
            Ok(_) => "answered",
            Err(TransportError::NotSent(_)) => "not_sent",
            Err(TransportError::Unknown(_)) => "unknown",
            Err(TransportError::Refused(reason)) => {
                tracing::warn!(channel.id = %channel.id, connector.id = manifest.id, reason, "a request was refused");
                "refused"
            }
        };
        metrics::counter!("patchbay_platform_requests_total", "connector" => manifest.id.clone(), "outcome" => outcome)
            .increment(1);
        answer
    }
}
