//! What is known of installed connectors beyond their files: `installed.json` in the plugins folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
};

use patchbay_domain::platform::Manifest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

const FILE: &str = "installed.json";

/// One version of a connector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    pub name: String,
    pub version: String,
    pub sha256: String,
    pub channel_types: Vec<String>,
    pub hosts: Vec<String>,
}

impl Release {
    pub fn of(manifest: &Manifest, digest: &str) -> Self {
        let Manifest { name, version, channel_types, mut hosts, oauth2, .. } = manifest.clone();
        // Secrets go where tokens are renewed: that is to be granted like any other host.
        let token_url = oauth2.and_then(|oauth2| Url::parse(&oauth2.token_url).ok());
        let token_host = token_url.and_then(|url| url.host_str().map(str::to_owned));
        hosts.extend(token_host.filter(|host| !hosts.iter().any(|known| covers(known, host))));
        Self { name, version, sha256: digest.to_owned(), channel_types, hosts }
    }
}

/// Whether a host as manifests write it stands for this one, too.
fn covers(pattern: &str, host: &str) -> bool {
    pattern == host || pattern.strip_prefix('*').is_some_and(|suffix| host.ends_with(suffix))
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Record {
    /// What its files are called, without their endings.
    pub file: Option<String>,
    /// The hosts that operators granted.
    pub granted: BTreeSet<String>,
    pub waiting: Option<Release>,
    pub previous: Option<Release>,
    pub disabled: Option<Release>,
}

/// By the connectors' ids.
#[derive(Debug, Default)]
pub struct Records(BTreeMap<String, Record>);

impl Records {
    pub async fn load(folder: &Path) -> io::Result<Self> {
        match tokio::fs::read(folder.join(FILE)).await {
            Ok(text) => Ok(Self(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// In one go: half a file would forget what was granted.
    pub async fn save(&self, folder: &Path) -> io::Result<()> {
        let unfinished = folder.join(format!("{FILE}.unfinished"));
        tokio::fs::write(&unfinished, serde_json::to_vec_pretty(&self.0)?).await?;
        tokio::fs::rename(unfinished, folder.join(FILE)).await
    }

    pub fn of(&self, id: &str) -> Record {
        self.0.get(id).cloned().unwrap_or_default()
    }

    pub fn put(&mut self, id: &str, record: Record) {
        self.0.insert(id.to_owned(), record);
    }

    /// Those of which something is kept: a connector that an operator removed by hand has nothing to show.
    pub fn all(&self) -> impl Iterator<Item = (&String, &Record)> {
        self.0.iter().filter(|(_, record)| record.waiting.is_some() || record.disabled.is_some())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn where_tokens_are_renewed_is_a_host_to_be_granted() {
        let manifest = |hosts: &[&str]| -> Manifest {
            let token = json!({"token_url": "https://login.example.com/token", "client_id_field": "a",
                "client_secret": "b", "access_token": "c", "refresh_token": "d", "details": {}});
            let manifest = json!({"id": "x", "name": "X", "version": "1.0.0", "channel_types": ["X"],
                "config_schema": {}, "hosts": hosts, "capabilities": [], "limits": [], "oauth2": token});
            serde_json::from_value(manifest).unwrap()
        };
        let hosts = |declared: &[&str]| Release::of(&manifest(declared), "digest").hosts;
        assert_eq!(hosts(&["api.example.com"]), ["api.example.com", "login.example.com"]);
        assert_eq!(hosts(&["*.example.com"]), ["*.example.com"]);
        assert_eq!(hosts(&["login.example.com"]), ["login.example.com"]);
    }

    #[tokio::test]
    async fn what_was_granted_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Records::load(folder.path()).await.unwrap().of("telegram"), Record::default());
        let record = Record {
            granted: ["api.telegram.org".to_owned()].into(),
            disabled: Some(Release { version: "1.0.0".to_owned(), ..Release::default() }),
            ..Record::default()
        };
        let mut records = Records::default();
        records.put("telegram", record.clone());
        records.save(folder.path()).await.unwrap();
        let read = Records::load(folder.path()).await.unwrap();
        assert_eq!((read.of("telegram"), read.all().count()), (record, 1));
        std::fs::write(folder.path().join(FILE), "{").unwrap();
        assert!(Records::load(folder.path()).await.is_err());
    }
}
