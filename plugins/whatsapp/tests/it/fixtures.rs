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
    inbound_batch: "batch_two_entries",
    inbound_contacts: "contacts",
    inbound_document: "document",
    inbound_image: "image",
    inbound_button_reply: "interactive_button_reply",
    inbound_list_reply: "interactive_list_reply",
    inbound_location: "location",
    inbound_location_pin: "location_pin_bare",
    inbound_reaction: "reaction",
    inbound_reaction_removed: "reaction_removed_empty",
    inbound_echo: "smb_echo",
    inbound_status_delivered: "status_delivered",
    inbound_status_failed: "status_failed_131049",
    inbound_status_minimal: "status_minimal_v24",
    inbound_status_read: "status_read",
    inbound_status_sent: "status_sent_priced",
    inbound_status_correlated: "status_with_opaque_data",
    inbound_sticker: "sticker",
    inbound_identity_changed: "system_identity_changed",
    inbound_number_changed: "system_number_changed",
    inbound_template_quick_reply: "template_quick_reply",
    inbound_text: "text",
    inbound_ad_referral: "text_ad_referral",
    inbound_forwarded: "text_frequently_forwarded",
    inbound_product_inquiry: "text_product_inquiry",
    inbound_reply: "text_reply_context",
    inbound_bsuid: "text_with_bsuid",
    inbound_unsupported: "unsupported",
    inbound_value_errors: "value_errors_130429",
    inbound_video: "video",
    inbound_voice: "voice_note",
    inbound_escaped: "signature_vector",
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
