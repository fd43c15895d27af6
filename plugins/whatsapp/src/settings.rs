//! A channel's public settings, and its way to the Graph API.

use patchbay_plugin_meta::Graph;
use patchbay_plugin_meta::messaging::LongText;
use patchbay_plugin_sdk::config::ConfigError;
use patchbay_plugin_sdk::{Channel, Failure};
use serde::Deserialize;

/// The secret field with the access token.
pub const ACCESS_TOKEN: &str = "accessToken";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    pub phone_number_id: String,
    pub business_account_id: Option<String>,
    api_version: Option<String>,
    long_text: Option<LongText>,
}

impl Settings {
    /// What becomes of a text that is too long for one message: it is refused unless the channel says otherwise.
    pub fn long_text(&self) -> LongText {
        self.long_text.unwrap_or(LongText::Refuse)
    }

    pub fn graph(&self, channel: &Channel) -> Result<Graph, ConfigError> {
        Graph::new(channel, self.api_version.as_deref(), ACCESS_TOKEN)
    }

    /// Templates and subscriptions belong to the account, not to the number.
    pub fn account(&self) -> Result<&str, Failure> {
        let account = self.business_account_id.as_deref().filter(|id| !id.is_empty());
        account.ok_or_else(|| Failure::rejected("the channel has no businessAccountId; set it to do this"))
    }
}
