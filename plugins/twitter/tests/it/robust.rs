//! What no platform sends is withstood: no panic, no hang, no flood, and the same answer twice.

use crate::support::{channel, fixture_folder};
use patchbay_plugin_sdk::testing::robust::{spoilt, withstands};
use patchbay_plugin_sdk::testing::{Fixture, channel as channel_with, with_secrets};
use patchbay_plugin_twitter::Twitter;
use serde_json::json;

#[test]
fn spoilt_webhooks_are_withstood() {
    let mut files: Vec<_> = std::fs::read_dir(fixture_folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let recorded: Vec<_> = files
        .iter()
        .map(Fixture::load)
        .filter(|fixture| ["webhook", "signature"].contains(&fixture.kind()))
        .flat_map(|fixture| fixture.webhooks())
        .collect();
    // Of any account, so that nothing is passed over.
    let any = channel_with("TWITTER", &json!({}));
    with_secrets([("consumerSecret", "my_consumer_secret")], || {
        for webhook in spoilt(&recorded, 20_260_822, 5_000) {
            withstands::<Twitter>(&channel(), &webhook);
            withstands::<Twitter>(&any, &webhook);
        }
    });
}
