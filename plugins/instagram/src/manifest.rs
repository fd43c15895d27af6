//! Who this connector is.

use crate::settings::PAGE_ACCESS_TOKEN;
use patchbay_plugin_meta::messaging::{REPLY_WINDOW_MS, schema};
use patchbay_plugin_sdk::manifest::{hosts, strings};
use patchbay_plugin_sdk::{Manifest, RateLimit};
use serde_json::json;

pub fn manifest() -> Manifest {
    let id =
        json!({"type": "string", "minLength": 1, "description": "The professional account's id, as webhooks name it"});
    let page = "The page that the account is linked to; leave it out where the account logs in by itself";
    Manifest {
        channel_types: strings(["INSTAGRAM"]),
        config_schema: schema(PAGE_ACCESS_TOKEN)
            .property("instagramAccountId", id)
            .text("facebookPageId", page)
            .required(["instagramAccountId", PAGE_ACCESS_TOKEN])
            .build(),
        // Both Graph APIs, and the hosts from which files are served.
        hosts: hosts(["graph.facebook.com", "graph.instagram.com", "*.fbcdn.net", "*.fbsbx.com", "*.cdninstagram.com"]),
        capabilities: strings([
            "text",
            "media",
            "interactive",
            "reactions",
            "read-receipts",
            "typing",
            "media-download",
            "echoes",
            "profiles",
        ]),
        // Two pages of the platform disagree: 300 and 100 a second.
        limits: vec![RateLimit::per_channel(100, 1000)],
        reply_window_ms: Some(REPLY_WINDOW_MS),
        address_field: Some("instagramAccountId".to_owned()),
        ..Manifest::new("instagram", "Instagram", env!("CARGO_PKG_VERSION"))
    }
}
