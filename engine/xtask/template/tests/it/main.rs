//! The connector against recorded webhooks and answers, natively.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

mod inbound;
mod outbound;

use patchbay_plugin_sdk::Channel;
use patchbay_plugin_sdk::testing::{self, Fixture};
use serde_json::json;

fn channel() -> Channel {
    testing::channel("{{NAME}}", &json!({}))
}

fn fixture(name: &str) -> Fixture {
    Fixture::load(format!("{}/tests/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR")))
}
