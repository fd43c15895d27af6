#![no_main]

use libfuzzer_sys::fuzz_target;
use patchbay_plugin_facebook::Facebook;
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let secrets = [("appSecret", "a secret of the fuzzer"), ("webhookVerifyToken", "another")];
    patchbay_plugin_fuzz::webhook::<Facebook, 2>("FACEBOOK", &json!({"facebookPageId": "682498302938465"}), secrets, data);
});
