//! Connectors as operators see them.

use std::collections::BTreeSet;

use patchbay_plugin_host::PluginInfo;
use schemars::JsonSchema;
use serde::Serialize;

use super::records::{Record, Records, Release};

/// Where a channel's own setting says so, any connector may be pointed at another server.
const ALWAYS_GRANTED: &str = "{config.apiBaseUrl}";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Standing {
    Serving,
    /// It was uploaded and never served: hosts are to be granted.
    Waiting,
    Disabled,
    /// Its file cannot be used.
    Refused,
}

/// A connector, as operators see it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Installed {
    /// The file's name where it cannot say its own.
    pub id: String,
    pub state: Standing,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<Release>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// An upload that waits for grants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Release>,
    /// The hosts for which it waits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub asks: Vec<String>,
    /// What a roll-back brings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Release>,
}

pub(super) fn shown_file(info: &PluginInfo, records: &Records) -> Installed {
    let name = || info.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let id = info.manifest.as_ref().map_or_else(name, |manifest| manifest.id.clone());
    let release =
        info.manifest.as_ref().zip(info.digest.as_ref()).map(|(manifest, digest)| Release::of(manifest, digest));
    let installed = shown(&id, &records.of(&id), release);
    let state = if installed.release.is_some() { Standing::Serving } else { Standing::Refused };
    Installed { state, error: info.error.clone(), ..installed }
}

pub(super) fn shown(id: &str, record: &Record, serving: Option<Release>) -> Installed {
    let state = if record.disabled.is_some() { Standing::Disabled } else { Standing::Waiting };
    Installed {
        id: id.to_owned(),
        state,
        release: serving.or_else(|| record.disabled.clone()),
        error: None,
        waiting: record.waiting.clone(),
        asks: asks(record),
        previous: record.previous.clone(),
    }
}

/// The hosts that what waits asks for and was not granted.
pub(super) fn asks(record: &Record) -> Vec<String> {
    let granted = |host: &&String| host.as_str() == ALWAYS_GRANTED || record.granted.contains(*host);
    let waiting: BTreeSet<&String> = record.waiting.iter().flat_map(|release| &release.hosts).collect();
    waiting.into_iter().filter(|host| !granted(host)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(hosts: &[&str]) -> Release {
        Release { hosts: hosts.iter().map(ToString::to_string).collect(), ..Release::default() }
    }

    #[test]
    fn only_hosts_that_were_never_granted_are_asked_for() {
        let waiting = Some(release(&["b.example", "a.example", "{config.callbackUrl}", ALWAYS_GRANTED]));
        let mut record = Record { waiting, ..Record::default() };
        assert_eq!(asks(&record), ["a.example", "b.example", "{config.callbackUrl}"]);
        record.granted = ["a.example", "{config.callbackUrl}"].map(str::to_owned).into();
        assert_eq!(asks(&record), ["b.example"]);
        record.granted.insert("b.example".to_owned());
        assert_eq!(asks(&record), Vec::<String>::new());
    }
}
