//! A channel's public settings, its two ways to the Graph API, and what is particular to Instagram.

use patchbay_plugin_meta::Graph;
use patchbay_plugin_meta::messaging::{Account, Length, Manner, PAGE_FIELDS, Product};
use patchbay_plugin_sdk::Channel;
use patchbay_plugin_sdk::config::ConfigError;
use serde::Deserialize;

/// The secret field with the page's access token, or that of the Instagram login.
pub const PAGE_ACCESS_TOKEN: &str = "pageAccessToken";

/// Where accounts are served that log in by themselves.
const API: &str = "https://graph.instagram.com";

/// What such an account is subscribed to.
const LOGIN_FIELDS: &str =
    "messages,message_edit,message_reactions,messaging_postbacks,messaging_seen,messaging_referral,standby";

pub static INSTAGRAM: Product = Product {
    object: "instagram",
    name: "Instagram",
    longest_text: Length::Bytes(1000),
    images: 10,
    largest_image: 8 * 1024 * 1024,
    image_types: &["image/png", "image/jpeg"],
    document_types: &["application/pdf"],
    profile_fields: "name,username,profile_pic",
    takes_uploads: false,
    reacts: true,
    has_heart: true,
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    pub instagram_account_id: String,
    /// The page that the account is linked to; none where it logs in by itself.
    facebook_page_id: Option<String>,
    #[serde(flatten)]
    manner: Manner,
}

pub fn account(channel: &Channel, settings: &Settings) -> Result<Account, ConfigError> {
    let version = settings.manner.api_version.as_deref();
    let page = settings.facebook_page_id.clone().filter(|page| !page.is_empty());
    let graph = match page {
        Some(_) => Graph::new(channel, version, PAGE_ACCESS_TOKEN)?,
        None => Graph::at(API, channel, version, PAGE_ACCESS_TOKEN)?,
    };
    Ok(Account {
        product: &INSTAGRAM,
        graph,
        subscribed_fields: if page.is_some() { PAGE_FIELDS } else { LOGIN_FIELDS },
        says_response: page.is_some(),
        node: page.unwrap_or_else(|| "me".to_owned()),
        manner: settings.manner.clone(),
    })
}
