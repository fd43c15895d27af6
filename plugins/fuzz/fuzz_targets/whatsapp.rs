#![no_main]

use libfuzzer_sys::fuzz_target;
use patchbay_plugin_whatsapp::WhatsApp;
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let config = json!({"phoneNumberId": "106540352242922", "businessAccountId": "419561257915477"});
    let secrets = [("appSecret", "a secret of the fuzzer"), ("webhookVerifyToken", "a token of the fuzzer")];
    patchbay_plugin_fuzz::webhook::<WhatsApp, 2>("WHATSAPP", &config, secrets, data);
});
