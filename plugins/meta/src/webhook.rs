//! The handshake and the signature of a webhook, the same for every Graph product.

use patchbay_plugin_sdk::host::{self, Algorithm};
use patchbay_plugin_sdk::{Acceptance, Rejection, Reply, Webhook};

/// The secret field that holds the app's secret, with which Meta signs.
pub const APP_SECRET: &str = "appSecret";
/// The secret field that holds the text which Meta sends in the handshake.
pub const VERIFY_TOKEN: &str = "webhookVerifyToken";

const SIGNATURE: &str = "X-Hub-Signature-256";

/// Answers a handshake, keeps a call whose signature is right, refuses everything else.
///
/// A signed body is kept whatever it holds: one that cannot be read is for `parse` to refuse, so that it is not lost.
pub fn accept(webhook: &Webhook) -> Result<Acceptance, Rejection> {
    if webhook.method.eq_ignore_ascii_case("GET") {
        return handshake(webhook);
    }
    if webhook.is_signed(SIGNATURE, "sha256=", Algorithm::Sha256, APP_SECRET) {
        return Ok(Acceptance::keep());
    }
    Err(Rejection::unauthentic(unsigned(webhook)))
}

fn handshake(webhook: &Webhook) -> Result<Acceptance, Rejection> {
    let subscribes = webhook.query("hub.mode").as_deref() == Some("subscribe");
    let token = webhook.query("hub.verify_token").unwrap_or_default();
    match webhook.query("hub.challenge") {
        Some(challenge) if subscribes && host::matches(&token, VERIFY_TOKEN) => {
            Ok(Acceptance::Answer(Reply::text(challenge)))
        }
        Some(_) if subscribes => {
            Err(Rejection::unauthentic("hub.verify_token is not the channel's webhookVerifyToken"))
        }
        _ => Err(Rejection::unauthentic("a GET must carry hub.mode=subscribe, hub.challenge and hub.verify_token")),
    }
}

fn unsigned(webhook: &Webhook) -> &'static str {
    if !host::configured(APP_SECRET) {
        "the channel has no appSecret, so no webhook can be checked; set it"
    } else if webhook.header(SIGNATURE).is_none() {
        "the header X-Hub-Signature-256 is missing"
    } else {
        "X-Hub-Signature-256 is not the body's signature under the channel's appSecret"
    }
}
