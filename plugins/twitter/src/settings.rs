//! A channel's public settings, and the names of its secrets.

use serde::Deserialize;

/// The secret field with the app's consumer secret, which also signs webhooks.
pub const CONSUMER_SECRET: &str = "consumerSecret";
/// The secret field with the secret of the account's OAuth 1.0a token.
pub const TOKEN_SECRET: &str = "accessTokenSecret";
/// The secret field with the account's OAuth 2 token.
pub const OAUTH2_TOKEN: &str = "oauth2AccessToken";
/// The secret field with what renews the account's OAuth 2 token.
pub const OAUTH2_REFRESH_TOKEN: &str = "oauth2RefreshToken";
/// The secret field with the app's OAuth 2 client secret.
pub const CLIENT_SECRET: &str = "clientSecret";
/// The secret field with the app's own token, which registers webhooks.
pub const APP_TOKEN: &str = "bearerToken";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// The account's identifier. Where it is missing, every account that a webhook tells of is taken.
    #[serde(default)]
    pub user_id: String,
    #[serde(default)]
    pub consumer_key: String,
    /// The OAuth 1.0a token, which names the account and is no secret by itself: its secret is.
    #[serde(default, alias = "accessToken")]
    pub access_token_key: String,
    #[serde(default)]
    pub subscription: Subscription,
}

/// Which of X's two systems is to send the webhooks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Subscription {
    #[default]
    Activity,
    AccountActivity,
}
