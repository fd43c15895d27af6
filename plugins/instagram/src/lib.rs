//! Instagram, of an account that is linked to a Facebook page or logs in by itself: channel type `INSTAGRAM`.
//!
//! - `manifest`, `settings`: what a channel needs
//!
//! Reading and sending are in `patchbay-plugin-meta`, which Messenger shares.

mod manifest;
mod settings;

use patchbay_plugin_meta::messaging::{Account, Messaging, Platform, Product};
use patchbay_plugin_sdk::config::ConfigError;
use patchbay_plugin_sdk::{Channel, Manifest};
use settings::{INSTAGRAM, Settings};

pub struct Professional;

impl Platform for Professional {
    const PRODUCT: &'static Product = &INSTAGRAM;
    type Settings = Settings;

    fn manifest() -> Manifest {
        manifest::manifest()
    }

    fn own(settings: &Settings) -> &str {
        &settings.instagram_account_id
    }

    fn account(channel: &Channel, settings: &Settings) -> Result<Account, ConfigError> {
        settings::account(channel, settings)
    }
}

pub type Instagram = Messaging<Professional>;

patchbay_plugin_sdk::export!(Instagram);
