#![no_main]

use libfuzzer_sys::fuzz_target;
use patchbay_plugin_instagram::Instagram;
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let secrets = [("appSecret", "a secret of the fuzzer"), ("webhookVerifyToken", "another")];
    patchbay_plugin_fuzz::webhook::<Instagram, 2>("INSTAGRAM", &json!({"instagramAccountId": "17841405822304914"}), secrets, data);
});
