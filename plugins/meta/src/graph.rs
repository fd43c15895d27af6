//! Requests to the Graph API: `https://graph.facebook.com/{version}/{path}`, or the channel's `apiBaseUrl` in place
//! of scheme and host.

use patchbay_plugin_sdk::config::ConfigError;
use patchbay_plugin_sdk::encoding::encode_component;
use patchbay_plugin_sdk::{Channel, Request};

pub const API: &str = "https://graph.facebook.com";
/// The version to speak where the channel names none.
pub const VERSION: &str = "v24.0";

/// Where requests go, and the secret that authorises them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    root: String,
    token: &'static str,
}

impl Graph {
    /// `version` is the channel's `apiVersion`; `token` names the secret field with the access token.
    pub fn new(channel: &Channel, version: Option<&str>, token: &'static str) -> Result<Self, ConfigError> {
        Self::at(API, channel, version, token)
    }

    /// The same for a product that has a host of its own.
    pub fn at(api: &str, channel: &Channel, version: Option<&str>, token: &'static str) -> Result<Self, ConfigError> {
        let base = channel.api_base_url(api)?;
        let version = version.filter(|version| !version.is_empty()).unwrap_or(VERSION);
        Ok(Self { root: format!("{base}/{}", encode_component(version)), token })
    }

    /// A `GET` of an object, or of what belongs to it: `["1234", "message_templates"]`.
    pub fn get<const N: usize>(&self, path: [&str; N]) -> Request {
        self.authorised(Request::get(self.url(path)))
    }

    pub fn post<const N: usize>(&self, path: [&str; N]) -> Request {
        self.authorised(Request::post(self.url(path)))
    }

    pub fn delete<const N: usize>(&self, path: [&str; N]) -> Request {
        self.authorised(Request::delete(self.url(path)))
    }

    /// A `GET` of an address that the Graph API handed out, such as a file's.
    pub fn download(&self, url: &str) -> Request {
        self.authorised(Request::get(url))
    }

    fn authorised(&self, request: Request) -> Request {
        request.bearer(self.token)
    }

    fn url<const N: usize>(&self, path: [&str; N]) -> String {
        path.iter().fold(self.root.clone(), |url, segment| url + "/" + &encode_component(segment))
    }
}
