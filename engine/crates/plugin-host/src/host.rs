//! Makes connector files callable.

use std::{path::Path, sync::Arc};

use sha2::{Digest, Sha256};
use wasmtime::{
    Cache, CacheConfig, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig,
    component::{HasSelf, Linker},
};

use crate::{
    HostConfig, HostError, Plugin,
    bindings::{Connector, ConnectorPre, patchbay::connector::types},
    clock::Clock,
    component,
    instance::Live,
    manifest,
    plugin::Code,
    state::{CORE_INSTANCES, State, TABLE_ELEMENTS, TABLES},
    translate::outward,
};

#[derive(Clone)]
pub struct PluginHost {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    linker: Linker<State>,
    config: Arc<HostConfig>,
    clock: Arc<Clock>,
}

impl types::Host for State {}

impl PluginHost {
    pub fn new(config: HostConfig) -> Result<Self, HostError> {
        let failed = |error: wasmtime::Error| HostError::Engine(format!("{error:#}"));
        let engine = Engine::new(&engine_config(&config)?).map_err(failed)?;
        let mut linker = Linker::new(&engine);
        Connector::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state).map_err(failed)?;
        let clock = Clock::start(engine.clone(), config.yield_every);
        let clock = Arc::new(clock.map_err(|error| HostError::Engine(error.to_string()))?);
        let inner = Inner { engine, linker, config: Arc::new(config), clock };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Compiles a connector and lets it describe itself. Compiling is kept off the async threads.
    pub async fn load(&self, bytes: Vec<u8>) -> Result<Arc<Plugin>, HostError> {
        let host = self.clone();
        let prepare = tokio::task::spawn_blocking(move || host.prepare(&bytes));
        let (code, digest) = prepare.await.map_err(|error| HostError::Compile(error.to_string()))??;
        let mut live = Live::new(&code, None).await?;
        live.begin(&code, None, 0);
        let described = live.connector.call_describe(&mut live.store).await;
        let described = described.map_err(|error| live.explain(&code, &error))?;
        let manifest = outward::manifest(described).map_err(HostError::Manifest)?;
        manifest::check(&manifest).map_err(HostError::Manifest)?;
        Ok(Arc::new(Plugin::new(code, manifest, digest)))
    }

    fn prepare(&self, bytes: &[u8]) -> Result<(Code, String), HostError> {
        let Inner { engine, linker, config, clock } = &*self.inner;
        let component = component::compile(engine, bytes)?;
        component::check(engine, &component)?;
        let wrong_type = |error: wasmtime::Error| HostError::WrongType(format!("{error:#}"));
        let pre = linker.instantiate_pre(&component).map_err(wrong_type)?;
        let pre = ConnectorPre::new(pre).map_err(wrong_type)?;
        Ok((Code { pre, config: Arc::clone(config), clock: Arc::clone(clock) }, hex::encode(Sha256::digest(bytes))))
    }
}

fn engine_config(host: &HostConfig) -> Result<Config, HostError> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(host.instances)
        .total_core_instances(host.instances.saturating_mul(CORE_INSTANCES))
        .total_memories(host.instances)
        .total_tables(host.instances.saturating_mul(TABLES))
        .total_stacks(host.instances)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(1)
        .max_tables_per_component(TABLES)
        .max_memory_size(host.memory_bytes)
        .table_elements(TABLE_ELEMENTS);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true)
        .concurrency_support(false)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false);
    if let Some(folder) = &host.cache_dir {
        config.cache(Some(open_cache(folder)?));
    }
    Ok(config)
}

/// The folder is for the engine's user alone: the code in it is run as it is.
fn open_cache(folder: &Path) -> Result<Cache, HostError> {
    let unusable = |reason| HostError::Folder { path: folder.to_owned(), reason };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(unusable)?;
    let mut config = CacheConfig::new();
    config.with_directory(folder.canonicalize().map_err(unusable)?);
    Cache::new(config).map_err(|error| HostError::Engine(format!("{error:#}")))
}
