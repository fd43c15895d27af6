#![no_main]

use libfuzzer_sys::fuzz_target;
use patchbay_plugin_linkedin::LinkedIn;
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let config = json!({"organization": "urn:li:organization:5637409"});
    patchbay_plugin_fuzz::webhook::<LinkedIn, 1>("LINKEDIN", &config, [("clientSecret", "a secret of the fuzzer")], data);
});
