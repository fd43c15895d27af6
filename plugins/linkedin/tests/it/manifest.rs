//! Who the connector says it is.

use patchbay_plugin_linkedin::LinkedIn;
use patchbay_plugin_sdk::Connector;
use patchbay_plugin_sdk::testing::snapshot;

#[test]
fn manifest() {
    let mut manifest = LinkedIn::describe();
    "0.0.0".clone_into(&mut manifest.version);
    insta::assert_json_snapshot!(snapshot(&manifest));
}
