//! Who this connector is.

use crate::settings::PAGE_ACCESS_TOKEN;
use patchbay_plugin_meta::messaging::{REPLY_WINDOW_MS, schema};
use patchbay_plugin_sdk::manifest::{hosts, strings};
use patchbay_plugin_sdk::{Manifest, RateLimit};
use serde_json::json;

pub fn manifest() -> Manifest {
    let page = json!({"type": "string", "minLength": 1, "description": "The page's id in the Graph API"});
    Manifest {
        channel_types: strings(["FACEBOOK"]),
        config_schema: schema(PAGE_ACCESS_TOKEN)
            .property("facebookPageId", page)
            .required(["facebookPageId", PAGE_ACCESS_TOKEN])
            .build(),
        // The Graph API itself, and the hosts from which files are served.
        hosts: hosts(["graph.facebook.com", "*.fbcdn.net", "*.fbsbx.com", "*.facebook.com"]),
        capabilities: strings([
            "text",
            "media",
            "interactive",
            "delivery-status",
            "read-receipts",
            "typing",
            "media-download",
            "echoes",
            "profiles",
        ]),
        // 300 texts a second for the page; files go slower, which the platform says when it is so.
        limits: vec![RateLimit::per_channel(300, 1000)],
        reply_window_ms: Some(REPLY_WINDOW_MS),
        address_field: Some("facebookPageId".to_owned()),
        ..Manifest::new("facebook", "Facebook Messenger", env!("CARGO_PKG_VERSION"))
    }
}
