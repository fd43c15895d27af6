//! Every recorded webhook, with the events that it means as a snapshot.

use crate::support::{PAGE, channel, fixture, fixture_folder};
use patchbay_plugin_linkedin::LinkedIn;
use patchbay_plugin_sdk::Connector;
use patchbay_plugin_sdk::testing::{Fixture, snapshot};

macro_rules! cases {
    ($($test:ident: $fixture:literal,)*) => {
        const CASES: &[&str] = &[$($fixture),*];

        $(#[test]
        fn $test() {
            let webhook = fixture($fixture).webhook();
            assert_eq!(LinkedIn::addresses(&webhook), [PAGE]);
            insta::assert_json_snapshot!($fixture, snapshot(&LinkedIn::parse(&channel(), &webhook).unwrap()));
        })*
    };
}

cases! {
    inbound_comment: "comment",
    inbound_echo: "admin_comment_echo",
    inbound_like_and_share: "like_and_share",
    inbound_mention: "share_mention",
    inbound_vector: "signature_vector",
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
