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
    inbound_two_files: "inbound_mms_two_media",
    inbound_sms: "inbound_sms",
    inbound_button: "inbound_whatsapp_button",
    inbound_image: "inbound_whatsapp_image",
    inbound_location: "inbound_whatsapp_location",
    inbound_quote: "inbound_whatsapp_quote",
    inbound_text: "inbound_whatsapp_text",
    inbound_voice: "inbound_whatsapp_voice",
    status_delivered: "status_delivered",
    status_sent: "status_sent",
    status_undelivered: "status_undelivered_30003",
    status_outside_window: "status_whatsapp_failed_63016",
    status_read: "status_whatsapp_read",
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
