//! Sends what connectors ask to send, after the sandbox: checks the address by the `policy`, puts the
//! channel's `credentials` in, builds the `body`, follows redirects, and reads the `answer`. Connections go
//! only to addresses that `resolve` and `address` let through, by the rules in force for the connector, its
//! way in `ways`.
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
mod ways;

use std::{sync::Arc, time::Duration};

use patchbay_domain::platform::{Header, Manifest, Request, Response, TransportError};

use crate::{ChannelView, MediaStore, Redactor};
use resolve::{Lookup, SystemLookup};
use transfer::Transfer;
use ways::{Way, Ways};

#[derive(Clone, Debug)]
pub struct EgressConfig {
    /// Hosts, addresses and networks that may be reached although they are private, and without TLS; after
    /// `CONNECTOR=` by that connector alone.
    pub allow_private: Vec<String>,
    /// As `CONNECTOR=HOST`, the only ones of its declared hosts that this connector may reach. One that is not
    /// named may reach all of its own.
    pub grants: Vec<String>,
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
            grants: Vec::new(),
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
    #[error("{0:?} is no host name, address or network, nor one of them after a connector's id and \"=\"")]
    AllowRule(String),
    #[error("{0:?} is no connector's id with \"=\" and a host as manifests write it behind it")]
    Grant(String),
    #[error("the HTTP client cannot be made: {0}")]
    Client(#[from] reqwest::Error),
}

#[derive(Clone)]
pub struct Egress {
    inner: Arc<Inner>,
}

struct Inner {
    ways: Ways,
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
        let ways = Ways::new(&user_agent, &allow_private, &grants, &lookup)?;
        let limits = Limits { default_timeout, max_timeout, response_bytes, saved_bytes, redirects };
        Ok(Self { inner: Arc::new(Inner { ways, limits }) })
    }

    /// Sends a request for a channel and returns the platform's answer, whatever its status. The answer holds none
    /// of the channel's secrets, not even those that the platform repeats.
    pub async fn perform(
        &self,
        channel: &ChannelView,
        manifest: &Manifest,
        request: &Request,
        media: &dyn MediaStore,
    ) -> Result<Response, TransportError> {
        let answer = self.send(channel, manifest, request, media, &self.inner.limits).await;
        let redactor = Redactor::of(&channel.secrets);
        answer.map(|response| clean_response(response, &redactor)).map_err(|error| clean_error(error, &redactor))
    }

    /// The same for a request of the engine's own, with a secret in its body: it is sent to nobody else, and the
    /// answer, which may hold new secrets, comes back as it is.
    pub async fn exchange(
        &self,
        channel: &ChannelView,
        manifest: &Manifest,
        request: &Request,
        media: &dyn MediaStore,
    ) -> Result<Response, TransportError> {
        let limits = Limits { redirects: 0, ..self.inner.limits };
        let answer = self.send(channel, manifest, request, media, &limits).await;
        answer.map_err(|error| clean_error(error, &Redactor::of(&channel.secrets)))
    }

    async fn send(
        &self,
        channel: &ChannelView,
        manifest: &Manifest,
        request: &Request,
        media: &dyn MediaStore,
        limits: &Limits,
    ) -> Result<Response, TransportError> {
        let Way { policy, clients } = self.inner.ways.of(&manifest.id);
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

fn clean_response(response: Response, redactor: &Redactor) -> Response {
    let Response { status, headers, body, saved } = response;
    let clean = |Header { name, value }| Header { name, value: redactor.text(&value).into_owned() };
    Response { status, headers: headers.into_iter().map(clean).collect(), body: redactor.bytes(body), saved }
}

fn clean_error(error: TransportError, redactor: &Redactor) -> TransportError {
    let clean = |reason: String| redactor.text(&reason).into_owned();
    match error {
        TransportError::NotSent(reason) => TransportError::NotSent(clean(reason)),
        TransportError::Unknown(reason) => TransportError::Unknown(clean(reason)),
        TransportError::Refused(reason) => TransportError::Refused(clean(reason)),
    }
}
