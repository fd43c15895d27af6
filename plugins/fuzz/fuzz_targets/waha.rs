#![no_main]

use libfuzzer_sys::fuzz_target;
use patchbay_plugin_waha::Waha;
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let config = json!({"baseUrl": "https://waha.example.com", "session": "default"});
    patchbay_plugin_fuzz::webhook::<Waha, 1>("WAHA", &config, [("hmacKey", "a secret of the fuzzer")], data);
});
