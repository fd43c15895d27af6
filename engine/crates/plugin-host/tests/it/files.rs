//! The folder of connectors, while it changes.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use patchbay_plugin_host::{HostConfig, HostError, PluginInfo, Plugins};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::{
    guest::{Guest, counting},
    world::{channel, host, until, webhook},
};

struct Folder {
    folder: TempDir,
    writes: u32,
}

impl Folder {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), writes: 0 }
    }

    /// Every write has a time of its own, however fast the test is.
    fn write(&mut self, name: &str, bytes: &[u8]) {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        self.writes += 1;
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000) * self.writes;
        std::fs::File::options().write(true).open(path).unwrap().set_modified(modified).unwrap();
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.folder.path().join(name)).unwrap();
    }

    async fn load(&self) -> Plugins {
        Plugins::load(host(HostConfig::default()), self.folder.path()).await.unwrap()
    }
}

fn version(version: &'static str) -> Vec<u8> {
    Guest { version, ..counting() }.build()
}

fn running(plugins: &Plugins) -> Option<String> {
    plugins.get("TEST").map(|plugin| plugin.manifest().version.clone())
}

fn error(plugins: &Plugins, name: &str) -> Option<String> {
    let listed = plugins.list().into_iter().find(|PluginInfo { file, .. }| file.ends_with(Path::new(name)));
    listed.unwrap().error
}

#[tokio::test]
async fn a_changed_file_is_taken_in_and_calls_in_flight_finish_on_the_old_one() {
    let mut folder = Folder::new();
    folder.write("a.wasm", &version("1.0.0"));
    folder.write("notes.txt", b"not a connector");
    let plugins = folder.load().await;
    assert_eq!(running(&plugins).as_deref(), Some("1.0.0"));
    assert_eq!(plugins.list().len(), 1);
    assert!(plugins.get("OTHER").is_none());

    let mut instance = plugins.get("TEST").unwrap().instantiate();
    let seen = async |instance: &mut patchbay_plugin_host::Instance| {
        instance.parse(&channel(1), &webhook()).await.unwrap().unwrap_err().len()
    };
    assert_eq!(seen(&mut instance).await, 1);
    folder.write("a.wasm", &version("2.0.0"));
    plugins.refresh().await.unwrap();
    assert_eq!(running(&plugins).as_deref(), Some("2.0.0"));
    assert_eq!(instance.plugin().manifest().version, "1.0.0");
    assert_eq!(seen(&mut instance).await, 2);
}

#[tokio::test]
async fn a_broken_file_leaves_the_old_version_running_and_is_listed_with_its_error() {
    let mut folder = Folder::new();
    folder.write("a.wasm", &version("1.0.0"));
    let plugins = folder.load().await;
    folder.write("a.wasm", b"half a file");
    plugins.refresh().await.unwrap();
    assert_eq!(running(&plugins).as_deref(), Some("1.0.0"));
    assert!(error(&plugins, "a.wasm").unwrap().contains("not WebAssembly"));
    folder.write("a.wasm", &version("2.0.0"));
    plugins.refresh().await.unwrap();
    assert_eq!(running(&plugins).as_deref(), Some("2.0.0"));
    assert_eq!(error(&plugins, "a.wasm"), None);
}

#[tokio::test]
async fn two_connectors_for_one_channel_type_are_named_and_the_first_serves() {
    let mut folder = Folder::new();
    folder.write("b.wasm", &version("2.0.0"));
    folder.write("a.wasm", &version("1.0.0"));
    let plugins = folder.load().await;
    assert_eq!(running(&plugins).as_deref(), Some("1.0.0"));
    let conflict = error(&plugins, "b.wasm").unwrap();
    assert!(conflict.contains("a.wasm") && conflict.contains("b.wasm") && conflict.contains("TEST"), "{conflict}");

    // Whoever serves stays, also when a file with an earlier name comes.
    folder.write("Aa.wasm", &version("0.1.0"));
    plugins.refresh().await.unwrap();
    assert_eq!(running(&plugins).as_deref(), Some("1.0.0"));

    folder.remove("a.wasm");
    folder.remove("Aa.wasm");
    plugins.refresh().await.unwrap();
    assert_eq!(running(&plugins).as_deref(), Some("2.0.0"));
    assert_eq!(error(&plugins, "b.wasm"), None);

    folder.remove("b.wasm");
    plugins.refresh().await.unwrap();
    assert_eq!(running(&plugins), None);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let missing = tempfile::tempdir().unwrap().path().join("missing");
    let error = Plugins::load(host(HostConfig::default()), &missing).await.err().unwrap();
    assert!(matches!(&error, HostError::Folder { path, .. } if *path == missing), "{error:?}");
}

#[tokio::test]
async fn watching_notices_a_change_and_ends_when_told() {
    let mut folder = Folder::new();
    folder.write("a.wasm", &version("1.0.0"));
    let plugins = folder.load().await;
    let stop = CancellationToken::new();
    let watching = tokio::spawn(plugins.clone().watch(stop.clone()));
    folder.write("a.wasm", &version("2.0.0"));
    until("the new version", || running(&plugins).as_deref() == Some("2.0.0")).await;
    stop.cancel();
    watching.await.unwrap();
}
