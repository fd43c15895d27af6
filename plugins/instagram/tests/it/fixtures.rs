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
    inbound_escaped: "signature_vector",
    inbound_deleted: "deleted",
    inbound_echo: "echo",
    inbound_image: "image",
    inbound_multi_attachments: "multi_attachments",
    inbound_postback_icebreaker: "postback_icebreaker",
    inbound_quick_reply: "quick_reply",
    inbound_reaction: "reaction",
    inbound_seen: "seen",
    inbound_share: "share",
    inbound_story_mention: "story_mention",
    inbound_story_reply: "story_reply",
    inbound_text: "text",
    inbound_unreact: "unreact",
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
