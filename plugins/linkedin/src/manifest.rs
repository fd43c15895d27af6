//! Who this connector is.

use crate::outbound::CONFLICT;
use crate::settings::{
    ACCESS_TOKEN, API_VERSION, CHILD_CLIENT_SECRET, CLIENT_SECRET, DEVELOPMENT_CALLS, POSTS, REFRESH_TOKEN,
    STANDARD_CALLS,
};
use patchbay_plugin_sdk::Manifest;
use patchbay_plugin_sdk::manifest::{ClientAuthentication, ConfigSchema, hosts, strings};
use patchbay_plugin_sdk::types::Oauth2;
use serde_json::{Value, json};

/// A hundred calls a day are a look at three posts about that often.
pub const POLL_EVERY_MS: u64 = 45 * 60 * 1000;
/// LinkedIn lets what others write be kept for 48 hours.
const RETENTION_DAYS: u32 = 2;

/// There are no limits: LinkedIn publishes none for a minute, and those of a day differ from application to application.
pub fn manifest() -> Manifest {
    Manifest {
        channel_types: strings(["LINKEDIN"]),
        config_schema: schema(),
        hosts: hosts(["api.linkedin.com", "www.linkedin.com"]),
        capabilities: strings(["text", "edits", "deletes", "echoes", "catch-up", "webhook-registration", "public"]),
        address_field: Some("organization".to_owned()),
        poll_every_ms: Some(POLL_EVERY_MS),
        oauth2: Some(Oauth2 {
            token_url: "https://www.linkedin.com/oauth/v2/accessToken".to_owned(),
            client_id_field: "clientId".to_owned(),
            client_secret: CLIENT_SECRET.to_owned(),
            access_token: ACCESS_TOKEN.to_owned(),
            refresh_token: REFRESH_TOKEN.to_owned(),
        }),
        ..Manifest::new("linkedin", "LinkedIn", env!("CARGO_PKG_VERSION"))
    }
}

fn schema() -> String {
    let organization = json!({
        "type": "string",
        "pattern": "^urn:li:organization(Brand)?:[0-9]+$",
        "description": "The page, such as urn:li:organization:5637409",
    });
    ConfigSchema::new()
        .property("organization", organization)
        .secret(ACCESS_TOKEN, "The access token of a member who administers the page")
        .secret(REFRESH_TOKEN, "The refresh token that came with it, where LinkedIn gave one")
        .text("clientId", "The application's client id")
        .secret(CLIENT_SECRET, "The application's client secret; without it no webhook is accepted")
        .property("accessTier", tier())
        .property("applicationId", number("The application's number, with which its webhook is subscribed"))
        .property("childApplicationId", number("The number of a child application that shares the webhook"))
        .secret(CHILD_CLIENT_SECRET, "The client secret of that child application")
        .property(
            "member",
            json!({"type": "string", "pattern": "^urn:li:(person|member):[A-Za-z0-9_-]+$",
            "description": "Who gave the access token, such as urn:li:person:AdmIn00001; to subscribe the webhook"}),
        )
        .property(
            "apiVersion",
            json!({"type": "string", "pattern": "^20[0-9]{4}$", "default": API_VERSION,
            "description": "The version of LinkedIn's API, as year and month"}),
        )
        .property(
            "callsPerDay",
            json!({"type": "integer", "minimum": 1, "maximum": 1_000_000,
            "description": format!("Calls a day for fetching what no webhook told; {DEVELOPMENT_CALLS} in the \
                development tier, which has 100 for each member, and {STANDARD_CALLS} in the standard tier")}),
        )
        .property(
            "posts",
            json!({"type": "integer", "minimum": 1, "maximum": 50, "default": POSTS,
            "description": "How many of the latest posts are looked at for comments; in the development tier"}),
        )
        .retention_days(RETENTION_DAYS)
        .oauth2(ClientAuthentication::Body, None)
        // Somebody else wrote at the same moment.
        .retry_once([CONFLICT])
        .required(["organization", ACCESS_TOKEN])
        .build()
}

fn tier() -> Value {
    json!({
        "enum": ["development", "standard"],
        "default": "development",
        "description": "What LinkedIn has allowed the application. The development tier has no webhooks, so the comments \
            of the latest posts are read regularly; in the standard tier only what no webhook told is fetched",
    })
}

fn number(description: &str) -> Value {
    json!({"type": "string", "pattern": "^[0-9]+$", "description": description})
}
