#![no_main]

use libfuzzer_sys::fuzz_target;
use patchbay_plugin_mock::Mock;
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    patchbay_plugin_fuzz::webhook::<Mock, 1>("MOCK", &json!({}), [("secret", "a secret of the fuzzer")], data);
});
