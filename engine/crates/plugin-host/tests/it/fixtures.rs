//! Every recorded webhook through the compiled connector means what the connector's own tests, which run natively, have
//! written down for review. Nothing is written down here: the two can only agree.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::DateTime;
use patchbay_domain::platform::{Header, Webhook};
use patchbay_plugin_host::{ChannelView, HostConfig};
use patchbay_plugin_sdk::{
    testing::{self, Fixture, snapshot},
    types as sdk,
};
use serde_json::{Value, json};

use crate::{javascript, shown, world::host};

#[path = "../../../../../plugins/facebook/tests/it/recorded.rs"]
mod facebook;
#[path = "../../../../../plugins/instagram/tests/it/recorded.rs"]
mod instagram;
#[path = "../../../../../plugins/linkedin/tests/it/recorded.rs"]
mod linkedin;
#[path = "../../../../../plugins/mock/tests/it/recorded.rs"]
mod mock;
#[path = "../../../../../plugins/sendgrid/tests/it/recorded.rs"]
mod sendgrid;
#[path = "../../../../../plugins/twilio/tests/it/recorded.rs"]
mod twilio;
#[path = "../../../../../plugins/twitter/tests/it/recorded.rs"]
mod twitter;
#[path = "../../../../../plugins/waha/tests/it/recorded.rs"]
mod waha;
#[path = "../../../../../plugins/whatsapp/tests/it/recorded.rs"]
mod whatsapp;

/// A channel's type and its settings.
type Settings = (&'static str, Value);

macro_rules! shipped {
    ($($connector:ident: $settings:expr,)*) => {
        const SHIPPED: &[&str] = &[$(stringify!($connector)),*];

        $(#[tokio::test]
        async fn $connector() {
            shipped(stringify!($connector), $settings).await;
        })*
    };
}

shipped! {
    facebook: |_| facebook::settings(),
    instagram: |_| instagram::settings(),
    linkedin: |_| linkedin::settings(),
    mock: |_| mock::settings(),
    sendgrid: |_| sendgrid::settings(),
    twilio: twilio::settings,
    twitter: twitter::settings,
    waha: |_| waha::settings(),
    whatsapp: whatsapp::settings,
}

#[test]
fn every_connector_whose_webhooks_are_reviewed_is_here() {
    let folders = std::fs::read_dir(source("")).unwrap().map(|entry| entry.unwrap().path());
    let mut missing: Vec<String> = folders
        .filter(|folder| folder.join("tests/it/fixtures.rs").is_file())
        .map(|folder| folder.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    missing.retain(|name| !SHIPPED.contains(&name.as_str()));
    assert!(missing.is_empty(), "no test of {missing:?} as components");
}

/// Its own tests run in Node.js.
#[tokio::test]
async fn telegram_js() {
    let folder = source("examples/telegram-js");
    let file = built("PATCHBAY_TEST_EXAMPLES_DIR", "example-plugins").join("telegram-js.wasm");
    let events: Value = serde_json::from_str(&read(&folder.join("test/events.json"))).unwrap();
    let reviewed = |fixture: &str| events.get(fixture).map(javascript::shown);
    means(&file, &folder.join("fixtures"), |_| ("TELEGRAM", json!({})), reviewed).await;
}

async fn shipped(connector: &str, settings: impl Fn(&[String]) -> Settings) {
    let tests = source(connector).join("tests");
    let file = built("PATCHBAY_TEST_PLUGINS_DIR", "plugins").join(connector).with_extension("wasm");
    let reviewed = |fixture: &str| {
        let path = tests.join(format!("it/snapshots/it__fixtures__{fixture}.snap"));
        path.exists().then(|| of_snapshot(&read(&path)))
    };
    means(&file, &tests.join("fixtures"), settings, reviewed).await;
}

/// What stands below the head of a snapshot's file.
fn of_snapshot(text: &str) -> Value {
    let (_, events) = text.split_once("\n---\n").unwrap();
    serde_json::from_str(events).unwrap()
}

/// The connector reads each recorded webhook as was reviewed; what has a review is read even if it is no plain webhook.
async fn means(
    file: &Path,
    fixtures: &Path,
    settings: impl Fn(&[String]) -> Settings,
    reviewed: impl Fn(&str) -> Option<Value>,
) {
    let component = std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut instance = host(HostConfig::default()).load(component).await.unwrap().instantiate();
    for entry in std::fs::read_dir(fixtures).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let fixture = Fixture::load(&path);
        let Some(expected) = reviewed(name) else {
            assert_ne!(fixture.kind(), "webhook", "nobody has reviewed what {name} means");
            continue;
        };
        let webhook = received(fixture.webhook());
        let (channel_type, config) = settings(&instance.addresses(&webhook).await.unwrap());
        let channel = view(testing::channel(channel_type, &config));
        let events: Vec<sdk::Event> =
            instance.parse(&channel, &webhook).await.unwrap().unwrap().into_iter().map(shown::event).collect();
        // Read from text as the reviewed one is: reading a fraction may round it.
        let found: Value = serde_json::from_str(&snapshot(&events).to_string()).unwrap();
        assert_eq!(found, expected, "{name}");
    }
}

/// As the native test hands it over.
fn received(webhook: sdk::Webhook) -> Webhook {
    let sdk::Webhook { method, url, headers, body, received_at } = webhook;
    let headers = headers.into_iter().map(|sdk::Header { name, value }| Header { name, value }).collect();
    let received_at = DateTime::from_timestamp_millis(received_at.try_into().unwrap()).unwrap();
    Webhook { method, url, headers, body, received_at }
}

fn view(channel: sdk::Channel) -> ChannelView {
    let sdk::Channel { id, channel_type, config, webhook_url } = channel;
    ChannelView { id: id.parse().unwrap(), channel_type, config: config.into(), webhook_url, secrets: Arc::default() }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Where a connector is written.
pub fn source(connector: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../plugins").join(connector)
}

/// Where `cargo xtask plugins` puts what it builds.
pub fn built(variable: &str, folder: &str) -> PathBuf {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../target").join(folder);
    std::env::var_os(variable).map_or_else(default, PathBuf::from)
}
