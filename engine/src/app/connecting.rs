//! What the engine stands on, made ready before anything of it is: database, connectors, queues.

use std::time::Duration;

use anyhow::Context;
use patchbay_domain::NodeId;
use patchbay_plugin_host::{PluginHost, Plugins};
use patchbay_store::{Store, StoreError, StoreOptions, jobs::Partitions};

use crate::{
    bus::{Bus, BusConfig},
    config::Config,
};

const CONNECT_PAUSE: Duration = Duration::from_secs(1);

/// Waits for a database that is away, as an engine that runs does; what waiting does not mend ends the start.
pub(super) async fn connect(config: &Config) -> anyhow::Result<Store> {
    loop {
        match open(config).await {
            Err(error) if error.is_retryable() => {
                tracing::warn!(%error, "the database does not answer; the start waits for it");
                tokio::time::sleep(CONNECT_PAUSE).await;
            }
            opened => return Ok(opened?),
        }
    }
}

async fn open(config: &Config) -> Result<Store, StoreError> {
    let options = StoreOptions { max_connections: config.storage.max_connections, ..StoreOptions::default() };
    let store = Store::connect(config.storage.database_url.expose(), options).await?;
    store.migrate().await?;
    Ok(store)
}

pub(super) async fn load_plugins(config: &Config) -> anyhow::Result<Plugins> {
    let host = PluginHost::new(config.plugins.host())?;
    let loaded = Plugins::load(host, &config.plugins.dir).await;
    loaded.context("set PATCHBAY_PLUGINS_DIR to the folder with the connectors")
}

pub(super) async fn connect_bus(
    config: &Config,
    store: &Store,
    node: NodeId,
    partitions: Partitions,
) -> anyhow::Result<Bus> {
    let bus = BusConfig {
        amqp_url: config.bus.amqp_url.as_ref().map(|url| url.expose().to_owned()),
        queue_prefix: config.bus.queue_prefix.clone(),
        partitions,
        publish_timeout: config.bus.publish_timeout,
    };
    Ok(Bus::connect(bus, store.clone(), node).await?)
}
