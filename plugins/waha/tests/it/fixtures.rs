//! Every recorded webhook, with the events that it means as a snapshot.

use crate::support::{channel, fixture, fixture_folder};
use patchbay_plugin_sdk::Connector;
use patchbay_plugin_sdk::testing::{Fixture, snapshot};
use patchbay_plugin_waha::Waha;

macro_rules! cases {
    ($($test:ident: $fixture:literal,)*) => {
        const CASES: &[&str] = &[$($fixture),*];

        $(#[test]
        fn $test() {
            let webhook = fixture($fixture).webhook();
            assert_eq!(Waha::addresses(&webhook), ["default"]);
            insta::assert_json_snapshot!($fixture, snapshot(&Waha::parse(&channel(), &webhook).unwrap()));
        })*
    };
}

cases! {
    inbound_ack_read: "ack_read",
    inbound_echo: "message_any_api_echo",
    inbound_media: "message_media",
    inbound_media_not_downloaded: "message_media_not_downloaded",
    inbound_reply: "message_reply",
    inbound_revoked: "message_revoked",
    inbound_text: "message_text",
    inbound_vote: "poll_vote",
    inbound_reaction: "reaction",
    inbound_reaction_removed: "reaction_removed",
    inbound_session_failed: "session_failed",
    inbound_session_scan_qr: "session_scan_qr",
    inbound_session_working: "session_working",
    inbound_vector: "hmac_vector",
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
