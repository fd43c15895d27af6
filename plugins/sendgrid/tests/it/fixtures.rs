//! Every recorded webhook, with the events that it means as a snapshot.

use crate::support::{fixture_folder, parse_fixture};
use patchbay_plugin_sdk::testing::{Fixture, snapshot};

macro_rules! cases {
    ($($test:ident: $fixture:literal,)*) => {
        const CASES: &[&str] = &[$($fixture),*];

        $(#[test]
        fn $test() {
            insta::assert_json_snapshot!($fixture, snapshot(&parse_fixture($fixture)));
        })*
    };
}

cases! {
    inbound_batch: "event_batch",
    inbound_bounce: "event_bounce",
    inbound_click: "event_click",
    inbound_deferred: "event_deferred",
    inbound_delivered: "event_delivered",
    inbound_dropped: "event_dropped_bounced",
    inbound_open: "event_open",
    inbound_processed: "event_processed",
    inbound_mail: "inbound_parse_simple",
    inbound_signed: "signature_vector",
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
