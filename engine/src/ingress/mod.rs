//! Webhooks in: find the channel, ask its connector whether the call is
//! authentic, make it durable, and only then answer 2xx.

mod actor;
pub mod envelope;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use actix::ArbiterHandle;
use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use patchbay_domain::{
    ChannelId, WebhookId,
    platform::{Acceptance, Header, Rejection, Reply, Webhook},
};
use patchbay_plugin_host::{CallError, Plugins, Redactor};

use crate::{
    bus::{Bus, BusError, Direction, Publication},
    channels::{ActiveChannel, ChannelError, Channels},
    pool::Pool,
    supervision::{ActorSnapshot, AskError, Registry, RestartPolicy},
};
use actor::{Accept, Addresses, IngressActor};
use envelope::{Inbound, InboundV1};

/// Whom a webhook address stands for.
#[derive(Debug, Clone)]
pub enum Target {
    Channel(ChannelId),
    /// One address for all channels of these types: the connector says which the call concerns.
    Shared(Vec<String>),
}

#[derive(Debug, thiserror::Error)]
pub enum IngressError {
    #[error("no channel is known under this address")]
    UnknownChannel,
    #[error("the webhook is not authentic: {0}")]
    Unauthentic(String),
    #[error("the webhook cannot be read: {0}")]
    Malformed(String),
    #[error("the webhook is larger than can be stored")]
    TooLarge,
    #[error("the webhook could not be stored; send it again")]
    Unavailable,
    #[error("the connector failed on this webhook: {0}")]
    Connector(#[from] CallError),
}

impl From<ChannelError> for IngressError {
    fn from(error: ChannelError) -> Self {
        match error {
            ChannelError::Unknown => Self::UnknownChannel,
            ChannelError::NoConnector(_) | ChannelError::Secrets(_) | ChannelError::Store(_) => {
                tracing::warn!(%error, "a webhook's channel could not be opened");
                Self::Unavailable
            }
        }
    }
}

impl From<BusError> for IngressError {
    fn from(error: BusError) -> Self {
        tracing::warn!(%error, "a webhook could not be published");
        match error {
            BusError::TooLarge(_) => Self::TooLarge,
            _ => Self::Unavailable,
        }
    }
}

impl From<AskError> for IngressError {
    fn from(_: AskError) -> Self {
        Self::Unavailable
    }
}

pub struct Tools {
    pub pool: Pool,
    pub channels: Channels,
    pub plugins: Plugins,
    pub bus: Bus,
    pub clock: fn() -> DateTime<Utc>,
}

/// Of one webhook: Meta puts up to a thousand updates into one. Nobody knows yet whether it is authentic.
const ADDRESSES: usize = 1_000;
/// A larger one would hold up the other connections of its thread while it is written down.
const WRITTEN_AT_ONCE: usize = 64 << 10;

#[derive(Clone)]
pub struct Ingress {
    pool: Pool,
    actors: Registry<IngressActor>,
    workers: usize,
    next: Arc<AtomicUsize>,
    channels: Channels,
    plugins: Plugins,
    bus: Bus,
    clock: fn() -> DateTime<Utc>,
}

impl Ingress {
    pub fn new(arbiters: Vec<ArbiterHandle>, policy: RestartPolicy, workers: usize, tools: Tools) -> Self {
        let Tools { pool, channels, plugins, bus, clock } = tools;
        let actors = Registry::new(arbiters, Arc::new(pool.clone()), policy);
        Self { pool, actors, workers: workers.max(1), next: Arc::default(), channels, plugins, bus, clock }
    }

    pub fn registry(&self) -> &Registry<IngressActor> {
        &self.actors
    }

    pub async fn snapshots(&self) -> Vec<ActorSnapshot> {
        self.actors.snapshots().await
    }

    /// Takes a webhook. When this answers `Ok` with a kept webhook's reply, the webhook is durable.
    pub async fn receive(&self, target: Target, webhook: Webhook) -> Result<Reply, IngressError> {
        let channels = match target {
            Target::Channel(id) => vec![self.channels.get(id).await?],
            Target::Shared(types) => self.addressed(&types, &webhook).await?,
        };
        let webhook = Arc::new(webhook);
        let (mut reply, mut rejected) = (None, None);
        let mut kept = Vec::new();
        for channel in channels {
            match self.accept(&channel, &webhook).await {
                Ok(Acceptance::Answer(answer)) => reply = Some(answer),
                Ok(Acceptance::Keep(answer)) => {
                    reply = Some(answer);
                    kept.push(channel);
                }
                // Whose secrets are others gets nothing, and takes nothing from those whose secrets are right.
                Err(error @ (IngressError::Unauthentic(_) | IngressError::Malformed(_))) => rejected = Some(error),
                Err(error) => return Err(error),
            }
        }
        try_join_all(kept.into_iter().map(|channel| self.publish(channel, Arc::clone(&webhook)))).await?;
        reply.ok_or_else(|| rejected.unwrap_or(IngressError::UnknownChannel))
    }

    async fn accept(&self, channel: &Arc<ActiveChannel>, webhook: &Arc<Webhook>) -> Result<Acceptance, IngressError> {
        let request = || Accept { channel: Arc::clone(channel), webhook: Arc::clone(webhook) };
        match self.actors.ask(self.worker(), request).await?? {
            Ok(acceptance) => Ok(acceptance),
            Err(rejection) => {
                let (word, error) = match rejection {
                    Rejection::Unauthentic(reason) => ("unauthentic", IngressError::Unauthentic(reason)),
                    Rejection::Malformed(reason) => ("malformed", IngressError::Malformed(reason)),
                };
                metrics::counter!("patchbay_webhooks_rejected_total",
                    "channel_type" => channel.row.channel_type.clone(), "reason" => word)
                .increment(1);
                Err(error)
            }
        }
    }

    async fn publish(&self, channel: Arc<ActiveChannel>, webhook: Arc<Webhook>) -> Result<(), IngressError> {
        let (id, channel_id) = (WebhookId::at((self.clock)()), channel.id());
        let large = webhook.body.len() > WRITTEN_AT_ONCE;
        let write = move || {
            let inbound = Inbound::V1(InboundV1 { id, channel_id, webhook: without_proof(&webhook, &channel) });
            serde_json::to_string(&inbound).map_err(|error| IngressError::Malformed(error.to_string()))
        };
        let payload = if large { self.pool.run(async move { write() }).await } else { write() }?;
        self.bus.publish(Direction::Inbound, Publication { channel_id, key: id.uuid(), payload }).await?;
        metrics::counter!("patchbay_webhooks_accepted_total").increment(1);
        Ok(())
    }

    /// The channels a shared webhook concerns; with none of them known the caller is told so.
    async fn addressed(&self, types: &[String], webhook: &Webhook) -> Result<Vec<Arc<ActiveChannel>>, IngressError> {
        let webhook = Arc::new(webhook.clone());
        let mut found: Vec<Arc<ActiveChannel>> = Vec::new();
        for channel_type in types {
            let Some(plugin) = self.plugins.get(channel_type) else { continue };
            let request = || Addresses { plugin: Arc::clone(&plugin), webhook: Arc::clone(&webhook) };
            let addresses = self.actors.ask(self.worker(), request).await??;
            if addresses.len() > ADDRESSES {
                return Err(IngressError::Malformed(format!("it speaks of more than {ADDRESSES} accounts")));
            }
            for channel in self.channels.by_addresses(channel_type, addresses).await? {
                if !found.iter().any(|known| known.id() == channel.id()) {
                    found.push(channel);
                }
            }
        }
        if found.is_empty() { Err(IngressError::UnknownChannel) } else { Ok(found) }
    }

    fn worker(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed) % self.workers
    }
}

/// The webhook as it is kept: a secret in its address or its headers has shown that it is authentic, and has done its
/// work.
fn without_proof(webhook: &Webhook, channel: &ActiveChannel) -> Webhook {
    let redactor = Redactor::of(&channel.view.secrets);
    let clean =
        |Header { name, value }: &Header| Header { name: name.clone(), value: redactor.text(value).into_owned() };
    Webhook {
        method: webhook.method.clone(),
        url: redactor.text(&webhook.url).into_owned(),
        headers: webhook.headers.iter().map(clean).collect(),
        body: webhook.body.clone(),
        received_at: webhook.received_at,
    }
}
