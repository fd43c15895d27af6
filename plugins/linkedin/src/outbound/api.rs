//! A channel's way to LinkedIn's API.

use crate::settings::{ACCESS_TOKEN, API_VERSION, Settings};
use crate::urn::{Comment, Thread};
use patchbay_plugin_sdk::encoding::encode_component;
use patchbay_plugin_sdk::{Channel, Failure, Request};
use std::rc::Rc;

const SERVER: &str = "https://api.linkedin.com";

pub struct Api {
    base: String,
    pub settings: Rc<Settings>,
}

impl Api {
    pub fn new(channel: &Channel) -> Result<Self, Failure> {
        Ok(Self { base: channel.api_base_url(SERVER)?, settings: channel.settings::<Settings>()? })
    }

    pub fn organization(&self) -> &str {
        &self.settings.organization
    }

    /// A call by its path after `/rest/`.
    pub fn request(&self, method: &str, path: &str) -> Request {
        let version = self.settings.api_version.as_deref().unwrap_or(API_VERSION);
        Request::new(method, format!("{}/rest/{path}", self.base))
            .bearer(ACCESS_TOKEN)
            .header("linkedin-version", version)
            .header("x-restli-protocol-version", "2.0.0")
    }

    pub fn get(&self, path: &str) -> Request {
        self.request("GET", path).idempotent()
    }

    /// The comments under a post, or the answers to a comment.
    pub fn comments(&self, of: &str, start: usize, count: usize) -> Request {
        let path = format!("socialActions/{}/comments", encode_component(of));
        self.get(&path).query("start", &start.to_string()).query("count", &count.to_string())
    }
}

/// The path of the comments of what a conversation is about. Answers to a comment are comments on its post, too.
pub fn comments_of(thread: &Thread) -> String {
    format!("socialActions/{}/comments", encode_component(thread.post()))
}

pub fn comment(urn: &Comment) -> String {
    format!("socialActions/{}/comments/{}", encode_component(urn.post()), encode_component(urn.number()))
}
