//! What the fuzz targets share: bytes of any kind as a webhook, and what every connector must withstand of it.
//!
//! To fuzz another connector: a file in `fuzz_targets`, and a `[[bin]]` and a dependency in `Cargo.toml`.

use patchbay_plugin_sdk::testing::{NOW, channel, robust, with_secrets};
use patchbay_plugin_sdk::{Acceptance, Connector, Header, Webhook};
use serde_json::Value;

/// What the bodies are said to be.
const CONTENT_TYPES: [&str; 3] =
    ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"];

/// One input of the fuzzer: its first byte says how the rest arrives.
///
/// # Panics
/// When the connector does not withstand it, or accepts what nobody signed.
pub fn webhook<C: Connector, const N: usize>(
    channel_type: &str,
    config: &Value,
    secrets: [(&str, &str); N],
    data: &[u8],
) {
    let Some((kind, rest)) = data.split_first() else { return };
    let webhook = arrives(*kind, rest);
    let channel = channel(channel_type, config);
    with_secrets(secrets, || {
        robust::withstands::<C>(&channel, &webhook);
        let kept = matches!(C::accept(&channel, &webhook), Ok(Acceptance::Keep(_)));
        assert!(!kept, "it is kept, and nobody signed it");
    });
}

fn arrives(kind: u8, rest: &[u8]) -> Webhook {
    let address = "https://patchbay.example/webhook/1";
    let content_type = CONTENT_TYPES.get(usize::from(kind) % CONTENT_TYPES.len()).copied().unwrap_or_default();
    let is_get = kind >= 0xf0;
    let query = String::from_utf8_lossy(if is_get { rest } else { &[] });
    Webhook {
        method: if is_get { "GET" } else { "POST" }.to_owned(),
        url: if is_get { format!("{address}?{query}") } else { address.to_owned() },
        headers: vec![Header::new("content-type", content_type)],
        body: if is_get { Vec::new() } else { rest.to_vec() },
        received_at: NOW,
    }
}
