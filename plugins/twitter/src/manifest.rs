//! Who this connector is.

use crate::settings::{APP_TOKEN, CLIENT_SECRET, CONSUMER_SECRET, OAUTH2_REFRESH_TOKEN, OAUTH2_TOKEN, TOKEN_SECRET};
use patchbay_plugin_sdk::manifest::{ConfigSchema, hosts, strings};
use patchbay_plugin_sdk::{Manifest, Oauth2};
use serde_json::json;

/// How often to ask for what no webhook told. X is paid for every message that it lists.
const CATCH_UP_EVERY_MS: u64 = 60 * 60 * 1000;

/// There are no limits: X publishes two tables that contradict each other. Its answers say what is left.
pub fn manifest() -> Manifest {
    Manifest {
        channel_types: strings(["TWITTER"]),
        config_schema: schema(),
        hosts: hosts(["api.x.com", "*.twitter.com", "*.twimg.com"]),
        capabilities: strings([
            "text",
            "media",
            "interactive",
            "deletes",
            "read-receipts",
            "typing",
            "profiles",
            "media-download",
            "echoes",
            "catch-up",
            "webhook-registration",
        ]),
        address_field: Some("userId".to_owned()),
        poll_every_ms: Some(CATCH_UP_EVERY_MS),
        oauth2: Some(Oauth2 {
            token_url: "https://api.x.com/2/oauth2/token".to_owned(),
            client_id_field: "clientId".to_owned(),
            client_secret: CLIENT_SECRET.to_owned(),
            access_token: OAUTH2_TOKEN.to_owned(),
            refresh_token: OAUTH2_REFRESH_TOKEN.to_owned(),
        }),
        ..Manifest::new("twitter", "X (Twitter) direct messages", env!("CARGO_PKG_VERSION"))
    }
}

fn schema() -> String {
    let user =
        json!({"type": "string", "pattern": "^[0-9]{1,19}$", "description": "The account's identifier, a number"});
    let subscription = json!({
        "enum": ["ACTIVITY", "ACCOUNT_ACTIVITY"],
        "default": "ACTIVITY",
        "description": "Which of X's systems is to send the webhooks when they are registered; both are understood",
    });
    ConfigSchema::new()
        .property("userId", user)
        .text("consumerKey", "The app's API key, for OAuth 1.0a")
        .secret(CONSUMER_SECRET, "The app's API key secret; it also signs webhooks, and without it none is accepted")
        .text("accessTokenKey", "The account's access token, for OAuth 1.0a: it names the account, its secret signs")
        .secret(TOKEN_SECRET, "The account's access token secret, for OAuth 1.0a")
        .text("clientId", "The app's OAuth 2 client ID")
        .secret(CLIENT_SECRET, "The app's OAuth 2 client secret")
        .secret(OAUTH2_TOKEN, "The account's OAuth 2 access token, where there is none of OAuth 1.0a")
        .secret(OAUTH2_REFRESH_TOKEN, "The account's OAuth 2 refresh token")
        .secret(APP_TOKEN, "The app's bearer token, with which webhooks are registered")
        .property("subscription", subscription)
        .required(["userId", CONSUMER_SECRET])
        .build()
}
