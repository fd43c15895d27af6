//! Installing connectors while the engine runs: the operator's side of the plugins folder.
//!
//! An upload is loaded and described before it is kept. It serves once every host that it asks for is granted; what
//! the version before it was granted counts for it too, so only an upgrade that asks for more waits. Nothing is
//! interrupted: an instance keeps the connector that it began with, and [`Plugins`] takes in the file that changed.
//!
//! Beside `NAME.wasm`, which serves, lie `NAME.previous`, `NAME.waiting` and `NAME.disabled`; `records` keeps what they
//! are and what was granted. Nodes that share the folder share all of it, except that two operators at two nodes
//! should not change the same connector at the same moment.

mod records;
mod shown;

use std::path::{Path, PathBuf};

use patchbay_plugin_host::{HostError, PluginInfo, Plugins};
use tokio::sync::Mutex;

pub use records::Release;
use records::{Record, Records};
pub use shown::{Installed, Standing};
use shown::{asks, shown, shown_file};

pub struct Installation {
    plugins: Plugins,
    /// One change at a time.
    changing: Mutex<()>,
}

#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error("the connector is refused: {0}")]
    Refused(#[from] HostError),
    #[error("there is no such connector")]
    Unknown,
    #[error("{0}")]
    Conflict(String),
    #[error("the plugins folder cannot be changed: {0}")]
    Folder(#[from] std::io::Error),
}

impl Installation {
    pub fn new(plugins: Plugins) -> Self {
        Self { plugins, changing: Mutex::default() }
    }

    pub async fn list(&self) -> Result<Vec<Installed>, InstallError> {
        let records = Records::load(self.plugins.folder()).await?;
        let loaded = self.plugins.list();
        let mut all: Vec<Installed> = loaded.iter().map(|info| shown_file(info, &records)).collect();
        for (id, record) in records.all() {
            if !all.iter().any(|installed| installed.id == *id) {
                all.push(shown(id, record, None));
            }
        }
        all.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(all)
    }

    /// Takes a connector in; it serves at once unless it asks for hosts that are not granted.
    pub async fn upload(&self, bytes: Vec<u8>) -> Result<Installed, InstallError> {
        let _one_at_a_time = self.changing.lock().await;
        let plugin = self.plugins.examine(bytes.clone()).await?;
        let release = Release::of(plugin.manifest(), plugin.digest());
        let mut change = self.change(&plugin.manifest().id).await?;
        if change.record.disabled.is_some() {
            return Err(InstallError::Conflict("it is disabled; enable it before it is replaced".to_owned()));
        }
        self.claims_nothing_of_others(&change.id, &release)?;
        if change.serving.as_ref().is_some_and(|serving| serving.sha256 == release.sha256) {
            return self.shown(change).await;
        }
        if let Some(serving) = &change.serving {
            change.record.granted.extend(serving.hosts.iter().cloned());
        }
        write(&change.file("waiting"), bytes).await?;
        change.record.waiting = Some(release);
        self.serve_if_granted(change).await
    }

    /// Grants hosts to what waits for them.
    pub async fn grant(&self, id: &str, hosts: Vec<String>) -> Result<Installed, InstallError> {
        let _one_at_a_time = self.changing.lock().await;
        let mut change = self.known(id).await?;
        let Some(waiting) = &change.record.waiting else {
            return Err(InstallError::Conflict("it waits for no grant".to_owned()));
        };
        if let Some(other) = hosts.iter().find(|host| !waiting.hosts.contains(host)) {
            return Err(InstallError::Conflict(format!("it does not ask for {other:?}")));
        }
        change.record.granted.extend(hosts);
        self.serve_if_granted(change).await
    }

    /// Stops serving it, until it is enabled; its channels wait.
    pub async fn disable(&self, id: &str) -> Result<Installed, InstallError> {
        let _one_at_a_time = self.changing.lock().await;
        let mut change = self.known(id).await?;
        let Some(serving) = change.serving.take() else {
            return Err(InstallError::Conflict("it does not serve".to_owned()));
        };
        tokio::fs::rename(change.file("wasm"), change.file("disabled")).await?;
        change.record.disabled = Some(serving);
        self.finish(change).await
    }

    pub async fn enable(&self, id: &str) -> Result<Installed, InstallError> {
        let _one_at_a_time = self.changing.lock().await;
        let mut change = self.known(id).await?;
        let Some(disabled) = change.record.disabled.take() else {
            return Err(InstallError::Conflict("it is not disabled".to_owned()));
        };
        self.claims_nothing_of_others(id, &disabled)?;
        tokio::fs::rename(change.file("disabled"), change.file("wasm")).await?;
        self.finish(change).await
    }

    /// Serves the version before, and keeps this one to come back to.
    pub async fn roll_back(&self, id: &str) -> Result<Installed, InstallError> {
        let _one_at_a_time = self.changing.lock().await;
        let mut change = self.known(id).await?;
        let (Some(previous), Some(serving)) = (change.record.previous.take(), change.serving.take()) else {
            return Err(InstallError::Conflict("there is no version before this one, or none serves".to_owned()));
        };
        self.claims_nothing_of_others(id, &previous)?;
        let (file, before) = (change.file("wasm"), change.file("previous"));
        let kept = change.file("unfinished");
        tokio::fs::copy(&file, &kept).await?;
        tokio::fs::rename(&before, &file).await?;
        tokio::fs::rename(&kept, &before).await?;
        change.record.previous = Some(serving);
        self.finish(change).await
    }

    async fn serve_if_granted(&self, mut change: Change) -> Result<Installed, InstallError> {
        let Some(waiting) = change.record.waiting.clone().filter(|_| asks(&change.record).is_empty()) else {
            return self.finish(change).await;
        };
        // It lay in a folder for a while.
        let bytes = tokio::fs::read(change.file("waiting")).await?;
        if self.plugins.examine(bytes).await?.digest() != waiting.sha256 {
            return Err(InstallError::Conflict("the file that waits has changed; upload it again".to_owned()));
        }
        self.claims_nothing_of_others(&change.id, &waiting)?;
        if let Some(serving) = change.serving.take() {
            let kept = change.file("unfinished");
            tokio::fs::copy(change.file("wasm"), &kept).await?;
            tokio::fs::rename(kept, change.file("previous")).await?;
            change.record.previous = Some(serving);
        }
        tokio::fs::rename(change.file("waiting"), change.file("wasm")).await?;
        change.record.waiting = None;
        change.record.granted.extend(waiting.hosts);
        self.finish(change).await
    }

    /// Writes down what was done, and takes the folder in as it is now.
    async fn finish(&self, change: Change) -> Result<Installed, InstallError> {
        let mut records = Records::load(self.plugins.folder()).await?;
        records.put(&change.id, change.record.clone());
        records.save(self.plugins.folder()).await?;
        self.plugins.refresh().await?;
        let installed = self.shown(change).await?;
        tracing::info!(connector.id = installed.id, state = ?installed.state, "a connector was changed by an operator");
        Ok(installed)
    }

    async fn shown(&self, change: Change) -> Result<Installed, InstallError> {
        let all = self.list().await?;
        all.into_iter().find(|installed| installed.id == change.id).ok_or(InstallError::Unknown)
    }

    async fn known(&self, id: &str) -> Result<Change, InstallError> {
        let change = self.change(id).await?;
        let known = change.serving.is_some() || change.record != Record::default();
        if known { Ok(change) } else { Err(InstallError::Unknown) }
    }

    async fn change(&self, id: &str) -> Result<Change, InstallError> {
        let mut record = Records::load(self.plugins.folder()).await?.of(id);
        let serving = self.plugins.list().into_iter().find(|info| of(info, id));
        if let Some(info) = &serving {
            record.file = info.file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        }
        let name = record.file.clone().unwrap_or_else(|| id.to_owned());
        let serving = serving.and_then(|info| Some(Release::of(&info.manifest?, &info.digest?)));
        Ok(Change { id: id.to_owned(), base: self.plugins.folder().join(name), record, serving })
    }

    fn claims_nothing_of_others(&self, id: &str, release: &Release) -> Result<(), InstallError> {
        for info in self.plugins.list() {
            let Some(other) = info.manifest.filter(|manifest| manifest.id != id) else { continue };
            if let Some(claimed) = release.channel_types.iter().find(|claimed| other.channel_types.contains(claimed)) {
                let sentence = format!("{} serves {claimed:?} already; disable it first", other.id);
                return Err(InstallError::Conflict(sentence));
            }
        }
        Ok(())
    }
}

/// A connector that is being changed.
struct Change {
    id: String,
    /// Its files, without their endings.
    base: PathBuf,
    record: Record,
    serving: Option<Release>,
}

impl Change {
    fn file(&self, ending: &str) -> PathBuf {
        // The name may have dots of its own.
        let mut file = self.base.clone().into_os_string();
        file.push(".");
        file.push(ending);
        file.into()
    }
}

fn of(info: &PluginInfo, id: &str) -> bool {
    info.manifest.as_ref().is_some_and(|manifest| manifest.id == id)
}

/// In one go, because the folder is watched.
async fn write(file: &Path, bytes: Vec<u8>) -> std::io::Result<()> {
    let unfinished = file.with_extension("unfinished");
    tokio::fs::write(&unfinished, bytes).await?;
    tokio::fs::rename(unfinished, file).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_the_dots_of_its_name() {
        let change = Change { id: "x".into(), base: "/p/x-1.2".into(), record: Record::default(), serving: None };
        assert_eq!(change.file("wasm"), Path::new("/p/x-1.2.wasm"));
    }
}
