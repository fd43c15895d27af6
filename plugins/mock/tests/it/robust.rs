//! What no platform sends is withstood: no panic, no hang, no flood, and the same answer twice.

use patchbay_plugin_mock::Mock;
use patchbay_plugin_sdk::testing::robust::{spoilt, withstands};
use patchbay_plugin_sdk::testing::{Fixture, channel, with_secrets};
use serde_json::json;

#[test]
fn spoilt_webhooks_are_withstood() {
    let recorded: Vec<_> = ["text", "list", "status_failed", "signature_vector"]
        .into_iter()
        .flat_map(|name| Fixture::load(format!("{}/tests/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"))).webhooks())
        .collect();
    with_secrets([("secret", "s3cret")], || {
        for webhook in spoilt(&recorded, 20_250_608, 5_000) {
            withstands::<Mock>(&channel("MOCK", &json!({})), &webhook);
        }
    });
}
