//! The connectors of one folder, by channel type. [`Plugins::watch`] takes in files that change while the
//! engine runs; calls in flight finish on what they began with, because an instance keeps its connector.
//!
//! A file that cannot be used is listed with the reason; if it was usable before, that version stays.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use patchbay_domain::platform::Manifest;
use tokio_util::sync::CancellationToken;

use crate::{HostError, Plugin, PluginHost};

const LOOK_EVERY: Duration = Duration::from_secs(1);
const FILE_BYTES: u64 = 64 << 20;

#[derive(Clone)]
pub struct Plugins {
    inner: Arc<Inner>,
}

struct Inner {
    host: PluginHost,
    folder: PathBuf,
    known: RwLock<Arc<Known>>,
    /// One look at the folder at a time.
    looking: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct Known {
    files: BTreeMap<PathBuf, File>,
    by_type: HashMap<String, Arc<Plugin>>,
}

#[derive(Clone)]
struct File {
    stamp: Stamp,
    serving: Option<Arc<Plugin>>,
    /// Usable, but another file claims the same channel type.
    waiting: Option<Arc<Plugin>>,
    error: Option<Arc<HostError>>,
}

/// What changes when a file does.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    size: u64,
}

/// A file of the folder, as operators see it.
#[derive(Clone, Debug)]
pub struct PluginInfo {
    pub file: PathBuf,
    /// What is running from it, if anything is.
    pub manifest: Option<Manifest>,
    pub digest: Option<String>,
    /// Why the file as it is now is not what is running.
    pub error: Option<String>,
}

impl Plugins {
    /// Loads every `*.wasm` of the folder, in the order of their names.
    pub async fn load(host: PluginHost, folder: impl Into<PathBuf>) -> Result<Self, HostError> {
        let inner =
            Inner { host, folder: folder.into(), known: RwLock::default(), looking: tokio::sync::Mutex::default() };
        let plugins = Self { inner: Arc::new(inner) };
        plugins.refresh().await?;
        Ok(plugins)
    }

    pub fn get(&self, channel_type: &str) -> Option<Arc<Plugin>> {
        self.known().by_type.get(channel_type).cloned()
    }

    pub fn list(&self) -> Vec<PluginInfo> {
        let info = |(path, file): (&PathBuf, &File)| PluginInfo {
            file: path.clone(),
            manifest: file.serving.as_ref().map(|plugin| plugin.manifest().clone()),
            digest: file.serving.as_ref().map(|plugin| plugin.digest().to_owned()),
            error: file.error.as_ref().map(ToString::to_string),
        };
        self.known().files.iter().map(info).collect()
    }

    /// Channel types whose connectors are such.
    pub fn types_where(&self, is_such: impl Fn(&Manifest) -> bool) -> Vec<String> {
        let such =
            |(channel_type, plugin): (&String, &Arc<Plugin>)| is_such(plugin.manifest()).then(|| channel_type.clone());
        self.known().by_type.iter().filter_map(such).collect()
    }

    /// Where the files are.
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// Loads a connector that is not in the folder, to see whether it can be used and what it declares.
    pub async fn examine(&self, bytes: Vec<u8>) -> Result<Arc<Plugin>, HostError> {
        self.inner.host.load(bytes).await
    }

    /// Takes in what changed in the folder since the last look.
    pub async fn refresh(&self) -> Result<(), HostError> {
        let _one_at_a_time = self.inner.looking.lock().await;
        let before = self.known();
        let folder = self.inner.folder.clone();
        let unusable = |reason| HostError::Folder { path: self.inner.folder.clone(), reason };
        let found = tokio::task::spawn_blocking(move || look(&folder)).await;
        let found = found.map_err(|error| unusable(error.into()))?.map_err(unusable)?;
        let unchanged =
            |(path, stamp): (&PathBuf, &Stamp)| before.files.get(path).is_some_and(|file| file.stamp == *stamp);
        if found.len() == before.files.len() && found.iter().all(unchanged) {
            return Ok(());
        }
        let mut after = Known::default();
        let (kept, changed): (Vec<_>, Vec<_>) = found.into_iter().partition(|(path, stamp)| unchanged((path, stamp)));
        // What serves already keeps its channel types; what waits for one comes last.
        let (serving, waiting): (Vec<_>, Vec<_>) = kept
            .into_iter()
            .filter_map(|(path, _)| before.files.get_key_value(&path).map(|(path, file)| (path.clone(), file.clone())))
            .partition(|(_, file)| file.waiting.is_none());
        for (path, file) in serving {
            after.add(path, file);
        }
        for (path, stamp) in changed {
            let file = self.take_in(&path, stamp, before.files.get(&path)).await;
            after.add(path, file);
        }
        for (path, file) in waiting {
            after.add(path, file);
        }
        *self.inner.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(after);
        Ok(())
    }

    /// Looks at the folder every second, until stopped.
    pub async fn watch(self, stop: CancellationToken) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while stop.run_until_cancelled(look.tick()).await.is_some() {
            if let Err(error) = self.refresh().await {
                tracing::warn!(%error, "the connectors' folder could not be looked at");
            }
        }
    }

    /// Loads a file; what it served before stays until something better is found.
    async fn take_in(&self, path: &Path, stamp: Stamp, old: Option<&File>) -> File {
        let serving = old.and_then(|file| file.serving.clone());
        match self.open(path, stamp).await {
            Ok(plugin) => File { stamp, serving, waiting: Some(plugin), error: None },
            Err(error) => {
                tracing::error!(file = ?path, %error, "a connector cannot be used");
                File { stamp, serving, waiting: None, error: Some(Arc::new(error)) }
            }
        }
    }

    async fn open(&self, path: &Path, stamp: Stamp) -> Result<Arc<Plugin>, HostError> {
        if stamp.size > FILE_BYTES {
            return Err(HostError::TooLarge { size: stamp.size, limit: FILE_BYTES });
        }
        self.inner.host.load(tokio::fs::read(path).await?).await
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.inner.known.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Known {
    /// Adds a file. What waits in it begins to serve, unless another file serves one of its channel types.
    fn add(&mut self, path: PathBuf, mut file: File) {
        if let Some(plugin) = &file.waiting {
            if let Some(conflict) = self.conflict(&path, plugin) {
                if file.error.is_none() {
                    tracing::error!(error = %conflict, "a connector cannot be used");
                }
                file.error = Some(Arc::new(conflict));
            } else {
                let manifest = plugin.manifest();
                tracing::info!(
                    connector.id = manifest.id,
                    connector.version = manifest.version,
                    digest = plugin.digest(),
                    "connector loaded"
                );
                file = File { stamp: file.stamp, serving: file.waiting, waiting: None, error: None };
            }
        }
        if let Some(plugin) = &file.serving {
            for channel_type in &plugin.manifest().channel_types {
                self.by_type.entry(channel_type.clone()).or_insert_with(|| Arc::clone(plugin));
            }
        }
        self.files.insert(path, file);
    }

    fn conflict(&self, path: &Path, plugin: &Plugin) -> Option<HostError> {
        let channel_type = plugin.manifest().channel_types.iter().find(|name| self.by_type.contains_key(*name))?;
        let serves = |file: &File| {
            let types = file.serving.as_ref().map(|plugin| &plugin.manifest().channel_types);
            types.is_some_and(|types| types.contains(channel_type))
        };
        let other = self.files.iter().find(|(_, file)| serves(file)).map(|(path, _)| name(path)).unwrap_or_default();
        Some(HostError::Conflict { mine: name(path), other, channel_type: channel_type.clone() })
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn look(folder: &Path) -> std::io::Result<BTreeMap<PathBuf, Stamp>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            let file = std::fs::metadata(&path)?;
            found.insert(path, Stamp { modified: file.modified()?, size: file.len() });
        }
    }
    Ok(found)
}
