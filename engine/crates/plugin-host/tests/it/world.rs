//! What the tests share: hosts, channels, webhooks, and waiting for something to become true.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::DateTime;
use patchbay_domain::{
    ChannelId,
    platform::{Manifest, Webhook},
};
use patchbay_plugin_host::{ChannelView, HostConfig, HostError, Plugin, PluginHost};
use uuid::Uuid;

use crate::guest::Guest;

pub fn host(config: HostConfig) -> PluginHost {
    PluginHost::new(HostConfig { instances: config.instances.min(64), ..config }).unwrap()
}

pub async fn load(guest: Guest) -> Arc<Plugin> {
    load_with(guest, HostConfig::default()).await.unwrap()
}

pub async fn load_with(guest: Guest, config: HostConfig) -> Result<Arc<Plugin>, HostError> {
    host(config).load(guest.build()).await
}

pub fn channel(number: u128) -> ChannelView {
    ChannelView {
        id: ChannelId::from_uuid(Uuid::from_u128(number)),
        channel_type: "TEST".to_owned(),
        config: "{}".into(),
        webhook_url: "https://patchbay.example.com/webhook/1".to_owned(),
        secrets: Arc::default(),
    }
}

pub fn webhook() -> Webhook {
    Webhook {
        method: "POST".to_owned(),
        url: "https://patchbay.example.com/webhook/1".to_owned(),
        headers: Vec::new(),
        body: b"{}".to_vec(),
        received_at: DateTime::from_timestamp_millis(1_700_000_000_000).unwrap(),
    }
}

pub fn manifest(hosts: &[&str]) -> Manifest {
    Manifest {
        id: "test".to_owned(),
        name: "Test".to_owned(),
        version: "1.0.0".to_owned(),
        channel_types: vec!["TEST".to_owned()],
        config_schema: serde_json::json!({}),
        hosts: hosts.iter().map(ToString::to_string).collect(),
        capabilities: Vec::new(),
        limits: Vec::new(),
        reply_window_ms: None,
        address_field: None,
        poll_every_ms: None,
        oauth2: None,
    }
}

/// Waits until something is true, and says what was waited for when it does not become so.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "waited too long for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
