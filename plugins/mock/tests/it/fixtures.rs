//! Every recorded webhook, with the events that it means as a snapshot.

use crate::recorded::settings;
use patchbay_plugin_mock::Mock;
use patchbay_plugin_sdk::Connector;
use patchbay_plugin_sdk::testing::{Fixture, channel, snapshot};
use std::path::PathBuf;

macro_rules! cases {
    ($($test:ident: $fixture:literal,)*) => {
        const CASES: &[&str] = &[$($fixture),*];

        $(#[test]
        fn $test() {
            let webhook = Fixture::load(fixture_folder().join(concat!($fixture, ".json"))).webhook();
            let (channel_type, config) = settings();
            let events = Mock::parse(&channel(channel_type, &config), &webhook).unwrap();
            insta::assert_json_snapshot!($fixture, snapshot(&events));
        })*
    };
}

cases! {
    inbound_list: "list",
    inbound_text: "text",
    inbound_vector: "signature_vector",
    status_failed: "status_failed",
}

fn fixture_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

#[test]
fn every_recorded_webhook_is_a_case() {
    let files = std::fs::read_dir(fixture_folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut webhooks: Vec<String> = files
        .filter(|path| Fixture::load(path).kind() == "webhook")
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    webhooks.sort();
    webhooks.retain(|name| !CASES.contains(&name.as_str()));
    assert!(webhooks.is_empty(), "no case for {webhooks:?}");
}
