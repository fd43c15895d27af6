//! Every recorded webhook, with the events that it means as a snapshot.

use crate::support::{channel_of, fixture, fixture_folder};
use patchbay_plugin_sdk::Connector;
use patchbay_plugin_sdk::testing::{Fixture, snapshot};
use patchbay_plugin_twitter::Twitter;

macro_rules! cases {
    ($($test:ident: $fixture:literal of $account:literal,)*) => {
        const CASES: &[&str] = &[$($fixture),*];

        $(#[test]
        fn $test() {
            let webhook = fixture($fixture).webhook();
            let expected: &[&str] = if $account.is_empty() { &[] } else { &[$account] };
            assert_eq!(Twitter::addresses(&webhook), expected);
            insta::assert_json_snapshot!($fixture, snapshot(&Twitter::parse(&channel_of($account), &webhook).unwrap()));
        })*
    };
}

cases! {
    inbound_initiated_via: "aaa_dm_initiated_via" of "4337869213",
    inbound_photo: "aaa_dm_photo" of "4337869213",
    inbound_quick_reply: "aaa_dm_quick_reply_response" of "4337869213",
    inbound_text: "aaa_dm_text" of "4337869213",
    inbound_follow: "aaa_follow_event" of "4337869213",
    inbound_read: "aaa_mark_read" of "3001969357",
    inbound_typing: "aaa_typing" of "4337869213",
    inbound_revoke: "aaa_user_revoke" of "63046977",
    inbound_replay: "replay_job_status" of "",
    inbound_encrypted: "xaa_chat_received_encrypted" of "1111111111111111111",
    inbound_unknown: "xaa_chat_unknown_event" of "1111111111111111111",
    inbound_activity_text: "xaa_dm_received" of "1111111111111111111",
    inbound_activity_echo: "xaa_dm_sent_echo" of "1111111111111111111",
    inbound_vector: "signature_vector" of "4337869213",
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
