//! A channel's public settings, and the names of its secrets.

use serde::Deserialize;

pub const ACCESS_TOKEN: &str = "accessToken";
pub const REFRESH_TOKEN: &str = "refreshToken";
/// The secret of the application, which also signs what LinkedIn sends.
pub const CLIENT_SECRET: &str = "clientSecret";
/// The secret of a child application that shares the webhook.
pub const CHILD_CLIENT_SECRET: &str = "childClientSecret";

/// A version of the API lives about a year.
pub const API_VERSION: &str = "202607";
/// Of a hundred calls a day for each member, the rest is for answers.
pub const DEVELOPMENT_CALLS: u32 = 80;
pub const STANDARD_CALLS: u32 = 1000;
/// Posts whose comments are looked for.
pub const POSTS: usize = 3;

/// What LinkedIn has allowed the application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// No webhooks, few calls.
    #[default]
    Development,
    Standard,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// The page's urn.
    #[serde(default)]
    pub organization: String,
    pub api_version: Option<String>,
    #[serde(default)]
    pub access_tier: Tier,
    pub application_id: Option<String>,
    child_application_id: Option<String>,
    /// The urn of the member who gave the access token.
    pub member: Option<String>,
    calls_per_day: Option<u32>,
    posts: Option<usize>,
}

impl Settings {
    pub fn calls_per_day(&self) -> u32 {
        self.calls_per_day.unwrap_or(match self.access_tier {
            Tier::Development => DEVELOPMENT_CALLS,
            Tier::Standard => STANDARD_CALLS,
        })
    }

    pub fn posts(&self) -> usize {
        self.posts.unwrap_or(POSTS)
    }

    /// The secret of the application that LinkedIn speaks of; none of an application that is not the channel's.
    pub fn secret_of(&self, application: Option<&str>) -> Option<&'static str> {
        match (application, &self.application_id) {
            (Some(id), _) if self.child_application_id.as_deref() == Some(id) => Some(CHILD_CLIENT_SECRET),
            (Some(id), Some(own)) if id != own => None,
            _ => Some(CLIENT_SECRET),
        }
    }
}
