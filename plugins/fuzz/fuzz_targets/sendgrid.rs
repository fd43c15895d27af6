#![no_main]

use libfuzzer_sys::fuzz_target;
use patchbay_plugin_sendgrid::SendGrid;
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let config = json!({"fromEmail": "support@example.com", "fromName": "Support"});
    let secrets = [("inboundToken", "a token of the fuzzer")];
    patchbay_plugin_fuzz::webhook::<SendGrid, 1>("EMAIL", &config, secrets, data);
});
