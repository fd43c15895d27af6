//! A channel's way to its session.

use crate::settings::{API_KEY, Settings};
use patchbay_plugin_sdk::encoding::encode_component;
use patchbay_plugin_sdk::{Channel, Failure, Request};
use std::rc::Rc;

pub struct Api {
    base: String,
    settings: Rc<Settings>,
}

impl Api {
    pub fn new(channel: &Channel) -> Result<Self, Failure> {
        let settings = channel.settings::<Settings>()?;
        let base = channel.api_base_url(&settings.base_url)?;
        if base.is_empty() {
            return Err(Failure::rejected("the channel has no baseUrl; set it to the address of the WAHA server"));
        }
        Ok(Self { base, settings })
    }

    pub fn session(&self) -> &str {
        &self.settings.session
    }

    /// A call by its path after the server's address.
    pub fn request(&self, method: &str, path: &str) -> Request {
        Request::new(method, format!("{}{path}", self.base)).secret_header("X-Api-Key", API_KEY)
    }

    pub fn get(&self, path: &str) -> Request {
        self.request("GET", path).idempotent()
    }

    /// The path of a call about the session: `/api/{session}/…`.
    pub fn of_session<const N: usize>(&self, parts: [&str; N]) -> String {
        parts.iter().fold(format!("/api/{}", encode_component(self.session())), |path, part| {
            format!("{path}/{}", encode_component(part))
        })
    }

    /// The session itself, or what is done to it: `/api/sessions/{session}/…`.
    pub fn session_itself(&self, action: &str) -> String {
        let path = format!("/api/sessions/{}", encode_component(self.session()));
        if action.is_empty() { path } else { format!("{path}/{action}") }
    }
}
