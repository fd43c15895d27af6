#![no_main]

use libfuzzer_sys::fuzz_target;
use patchbay_plugin_twilio::Twilio;
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let config = json!({"accountSid": "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "from": "+14155238886"});
    for channel_type in ["TWILIO_WHATSAPP", "TWILIO_SMS"] {
        let secrets = [("authToken", "a secret of the fuzzer")];
        patchbay_plugin_fuzz::webhook::<Twilio, 1>(channel_type, &config, secrets, data);
    }
});
