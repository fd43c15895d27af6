//! The channel directory: what the way of a message needs to know of a channel,
//! with its secrets opened and its connector found, kept until it changes. A
//! change on another node is noticed within half a second.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use lru::LruCache;
use patchbay_domain::{
    ChannelId,
    attempt::UnknownPolicy,
    platform::{Manifest, READ_RECEIPTS, RateLimit},
    sending::ChannelStatus,
};
use patchbay_plugin_host::{ChannelView, Plugin, Plugins};
use patchbay_store::{Store, StoreError, channels::Channel};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::{
    config::Waha,
    keyring::{Keyring, KeyringError},
};

const KEPT: NonZeroUsize = NonZeroUsize::new(10_000).expect("ten thousand is not zero");
const REFRESH: Duration = Duration::from_millis(500);

/// A channel that can be worked with.
pub struct ActiveChannel {
    pub row: Channel,
    pub view: ChannelView,
    pub plugin: Arc<Plugin>,
    pub unknown_policy: UnknownPolicy,
    /// What its connector says of channels like this one, where that is not what it says of all.
    variant: Option<Box<Manifest>>,
    /// Its own limits, else the connector's.
    pub limits: Vec<RateLimit>,
    /// Where tokens expire and it is known when.
    pub token_expires_at: Option<DateTime<Utc>>,
}

impl ActiveChannel {
    pub fn id(&self) -> ChannelId {
        self.row.id
    }

    pub fn manifest(&self) -> &Manifest {
        self.variant.as_deref().unwrap_or_else(|| self.plugin.manifest())
    }

    pub fn may_send(&self) -> bool {
        self.row.status == ChannelStatus::Active
    }

    /// Whether the other side is told of people here in this way: its platform can, and the channel's settings let it.
    pub fn tells(&self, capability: &str) -> bool {
        let is_silenced = self.row.config.get(READ_RECEIPTS).and_then(serde_json::Value::as_bool) == Some(false);
        !is_silenced && self.manifest().can(capability)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    #[error("there is no such channel")]
    Unknown,
    #[error("no connector for {0:?} is loaded; add its .wasm to the plugins directory")]
    NoConnector(String),
    #[error(transparent)]
    Secrets(#[from] KeyringError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ChannelError {
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_retryable())
    }
}

#[derive(Clone)]
pub struct Channels {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    plugins: Plugins,
    keyring: Keyring,
    public_url: String,
    waha: Option<Waha>,
    kept: Mutex<LruCache<ChannelId, Arc<ActiveChannel>>>,
}

impl Channels {
    pub fn new(store: Store, plugins: Plugins, keyring: Keyring, public_url: String, waha: Option<Waha>) -> Self {
        let kept = Mutex::new(LruCache::new(KEPT));
        Self { inner: Arc::new(Inner { store, plugins, keyring, public_url, waha, kept }) }
    }

    /// The channel as it is now; a deleted one is unknown.
    pub async fn get(&self, id: ChannelId) -> Result<Arc<ActiveChannel>, ChannelError> {
        if let Some(channel) = self.inner.kept.lock().await.get(&id)
            && self.is_current(channel)
        {
            return Ok(Arc::clone(channel));
        }
        let row = self.inner.store.channel(id).await?.filter(|row| row.deleted_at.is_none());
        let row = row.ok_or(ChannelError::Unknown)?;
        let mut channel = self.candidate(row).await?;
        if channel.manifest().oauth2.is_some() {
            channel.token_expires_at = self.inner.store.token_life(id).await?.and_then(|life| life.expires_at);
        }
        let channel = Arc::new(channel);
        self.inner.kept.lock().await.put(id, Arc::clone(&channel));
        Ok(channel)
    }

    /// One that is not kept yet, to try its settings out.
    pub async fn candidate(&self, row: Channel) -> Result<ActiveChannel, ChannelError> {
        let hosted = if names_no_server(&row) { self.inner.store.hosted_name(row.id).await? } else { None };
        self.open(row, hosted)
    }

    /// Every channel of this type that answers to one of these addresses, its own or one that it shares.
    pub async fn by_addresses(
        &self,
        channel_type: &str,
        mut addresses: Vec<String>,
    ) -> Result<Vec<Arc<ActiveChannel>>, ChannelError> {
        let store = &self.inner.store;
        let mut rows = store.channels_by_address(channel_type, &addresses).await?;
        // What is a channel's own is no account's, and the rule; only it is looked up by an index.
        addresses.retain(|address| !rows.iter().any(|row| row.address.as_ref() == Some(address)));
        if let (false, Some(plugin)) = (addresses.is_empty(), self.inner.plugins.get(channel_type)) {
            for field in plugin.manifest().shared_address_fields() {
                rows.extend(store.channels_by_setting(channel_type, field, &addresses).await?);
            }
        }
        let mut found: Vec<Arc<ActiveChannel>> = Vec::new();
        for row in rows {
            if !found.iter().any(|known| known.id() == row.id) {
                found.push(self.get(row.id).await?);
            }
        }
        Ok(found)
    }

    /// Reads it anew the next time.
    pub async fn forget(&self, id: ChannelId) {
        self.inner.kept.lock().await.pop(&id);
    }

    /// Forgets what other nodes change, until stopped.
    pub async fn refresh(self, clock: fn() -> DateTime<Utc>, stop: CancellationToken) {
        let mut tick = tokio::time::interval(REFRESH);
        let mut since = clock();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            // Clocks of nodes differ a little, and a commit shows up after its time.
            let from = since - chrono::Duration::seconds(5);
            since = clock();
            match self.inner.store.channels_changed_since(from).await {
                Ok(changed) => {
                    let mut kept = self.inner.kept.lock().await;
                    for (id, version) in changed {
                        if kept.peek(&id).is_some_and(|known| known.row.version != version) {
                            kept.pop(&id);
                        }
                    }
                }
                Err(error) => {
                    since = from;
                    tracing::debug!(%error, "channel changes could not be read; trying again");
                }
            }
        }
    }

    fn is_current(&self, channel: &ActiveChannel) -> bool {
        self.inner
            .plugins
            .get(&channel.row.channel_type)
            .is_some_and(|plugin| plugin.digest() == channel.plugin.digest())
    }

    /// A channel that is `hosted` is under that name on the server that the configuration names.
    fn open(&self, row: Channel, hosted: Option<String>) -> Result<ActiveChannel, ChannelError> {
        let plugin = self
            .inner
            .plugins
            .get(&row.channel_type)
            .ok_or_else(|| ChannelError::NoConnector(row.channel_type.clone()))?;
        let mut secrets = self.inner.keyring.open(row.id, &row.secrets)?;
        let mut config = row.config.clone();
        if let (Some(name), Some(waha), Some(config)) = (hosted, &self.inner.waha, config.as_object_mut()) {
            config.insert("baseUrl".to_owned(), waha.base_url.as_str().into());
            config.insert("session".to_owned(), name.into());
            secrets.insert("apiKey", waha.api_key.expose());
            secrets.insert("hmacKey", waha.hmac_key.expose());
        }
        let view = ChannelView {
            id: row.id,
            channel_type: row.channel_type.clone(),
            config: config.to_string().into(),
            webhook_url: format!("{}/webhook/{}", self.inner.public_url, row.id),
            secrets: Arc::new(secrets),
        };
        let setting = |name: &str| row.config.get(name).cloned();
        let unknown_policy =
            setting("onUnknownOutcome").and_then(|policy| serde_json::from_value(policy).ok()).unwrap_or_default();
        let variant = plugin.manifest().for_channel(&row.channel_type, &row.config);
        let limits = setting("limits")
            .and_then(|limits| serde_json::from_value(limits).ok())
            .unwrap_or_else(|| variant.as_ref().unwrap_or_else(|| plugin.manifest()).limits.clone());
        let variant = variant.map(Box::new);
        Ok(ActiveChannel { row, view, plugin, unknown_policy, variant, limits, token_expires_at: None })
    }
}

/// Only such a channel is given the server of the configuration and its keys: with an address of its own it could carry
/// them elsewhere.
fn names_no_server(row: &Channel) -> bool {
    ["baseUrl", "apiBaseUrl"].iter().all(|name| row.config.get(name).is_none())
}
