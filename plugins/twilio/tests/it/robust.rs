//! What Twilio never sends is withstood: no panic, no hang, no flood, and the same answer twice.

use crate::support::{fixture_folder, sms, whatsapp};
use patchbay_plugin_sdk::testing::robust::{spoilt, withstands};
use patchbay_plugin_sdk::testing::{Fixture, with_secrets};
use patchbay_plugin_sdk::{Connector, Webhook};
use patchbay_plugin_twilio::Twilio;

/// Fields that stand where they do not belong, or hold what they should not.
const STRANGE: [&str; 9] = [
    "MediaUrl18446744073709551615=x&MediaUrl-1=x&MediaUrl0=%00%22%5C",
    "MessageStatus=null&ErrorCode=99999999999999999999",
    "EventType=READ&MessageSid=",
    "Latitude=1e999&Longitude=-1e999",
    "ChannelMetadata=%7B%22a%22%3A%7B%7D%7D&NumMedia=-1",
    "OptOutType=%F0%9F&Body=STOP",
    "From=whatsapp%3A&To=whatsapp%3A",
    "ButtonPayload=%5B%5D&ListId=%7B%7D",
    "SmsStatus=received&MessageStatus=sent",
];

fn recorded() -> Vec<Webhook> {
    let mut files: Vec<_> = std::fs::read_dir(fixture_folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(Fixture::load).flat_map(|fixture| fixture.webhooks()).collect()
}

#[test]
fn spoilt_webhooks_are_withstood_and_none_is_taken_for_signed() {
    let recorded = recorded();
    let strange = STRANGE.iter().zip(&recorded).map(|(fields, webhook)| {
        let body = [fields.as_bytes(), b"&", &webhook.body].concat();
        Webhook { body, ..webhook.clone() }
    });
    let webhooks: Vec<_> = recorded.iter().cloned().chain(strange).collect();
    with_secrets([("authToken", "54321")], || {
        for (webhook, channel) in spoilt(&webhooks, 20_260_611, 5_000).zip([sms(), whatsapp()].iter().cycle()) {
            let webhook = webhook.with_header("X-Twilio-Signature", "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
            withstands::<Twilio>(channel, &webhook);
            assert!(Twilio::accept(channel, &webhook).is_err(), "{webhook:?}");
        }
    });
}
