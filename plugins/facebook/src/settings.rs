//! A channel's public settings, and what is particular to Messenger.

use patchbay_plugin_meta::Graph;
use patchbay_plugin_meta::messaging::{Account, Length, Manner, PAGE_FIELDS, Product};
use patchbay_plugin_sdk::Channel;
use patchbay_plugin_sdk::config::ConfigError;
use serde::Deserialize;

/// The secret field with the page's access token.
pub const PAGE_ACCESS_TOKEN: &str = "pageAccessToken";

pub static MESSENGER: Product = Product {
    object: "page",
    name: "Messenger",
    // Less than two thousand.
    longest_text: Length::Characters(1999),
    images: 30,
    largest_image: 25 * 1024 * 1024,
    image_types: &[],
    document_types: &[],
    profile_fields: "name,first_name,last_name,profile_pic",
    takes_uploads: true,
    reacts: false,
    has_heart: false,
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    pub facebook_page_id: String,
    #[serde(flatten)]
    manner: Manner,
}

pub fn account(channel: &Channel, settings: &Settings) -> Result<Account, ConfigError> {
    Ok(Account {
        product: &MESSENGER,
        graph: Graph::new(channel, settings.manner.api_version.as_deref(), PAGE_ACCESS_TOKEN)?,
        node: settings.facebook_page_id.clone(),
        subscribed_fields: PAGE_FIELDS,
        says_response: true,
        manner: settings.manner.clone(),
    })
}
