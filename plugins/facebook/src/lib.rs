//! Messenger, of a Facebook page: channel type `FACEBOOK`.
//!
//! - `manifest`, `settings`: what a channel needs
//!
//! Reading and sending are in `patchbay-plugin-meta`, which Instagram shares.

mod manifest;
mod settings;

use patchbay_plugin_meta::messaging::{Account, Messaging, Platform, Product};
use patchbay_plugin_sdk::config::ConfigError;
use patchbay_plugin_sdk::{Channel, Manifest};
use settings::{MESSENGER, Settings};

pub struct Page;

impl Platform for Page {
    const PRODUCT: &'static Product = &MESSENGER;
    type Settings = Settings;

    fn manifest() -> Manifest {
        manifest::manifest()
    }

    fn own(settings: &Settings) -> &str {
        &settings.facebook_page_id
    }

    fn account(channel: &Channel, settings: &Settings) -> Result<Account, ConfigError> {
        settings::account(channel, settings)
    }
}

pub type Facebook = Messaging<Page>;

patchbay_plugin_sdk::export!(Facebook);
