//! What no platform sends is withstood: no panic, no hang, no flood, and the same answer twice.

use crate::support::{Tested, channel, fixture_folder};
use patchbay_plugin_sdk::testing::robust::{spoilt, withstands};
use patchbay_plugin_sdk::testing::{Fixture, with_secrets};

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
    with_secrets([("appSecret", "my_app_secret"), ("webhookVerifyToken", "vibecoding")], || {
        for webhook in spoilt(&recorded, 20_250_608, 5_000) {
            withstands::<Tested>(&channel(), &webhook);
        }
    });
}
