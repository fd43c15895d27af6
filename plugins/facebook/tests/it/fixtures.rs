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
    inbound_ads_referral_message: "ads_referral_message",
    inbound_batch_two_pages: "batch_two_pages",
    inbound_delivery_with_mids: "delivery_with_mids",
    inbound_echo_text: "echo_text",
    inbound_fallback_link: "fallback_link",
    inbound_image: "image",
    inbound_location_attachment: "location_attachment",
    inbound_postback: "postback",
    inbound_quick_reply: "quick_reply",
    inbound_reaction: "reaction",
    inbound_reaction_removed: "reaction_removed",
    inbound_read: "read",
    inbound_referral_mme: "referral_mme",
    inbound_reply_to: "reply_to",
    inbound_sticker: "sticker",
    inbound_sticker_twice: "sticker_twice",
    inbound_text: "text",
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
