#![no_main]

use libfuzzer_sys::fuzz_target;
use patchbay_plugin_twitter::Twitter;
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    // Of any account, so that nothing is passed over.
    let config = json!({"userId": ""});
    patchbay_plugin_fuzz::webhook::<Twitter, 1>(
        "TWITTER",
        &config,
        [("consumerSecret", "a secret of the fuzzer")],
        data,
    );
});
