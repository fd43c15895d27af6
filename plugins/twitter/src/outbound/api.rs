//! A channel's way to X, and how its requests are authorised.

use crate::oauth1::{Moment, Signer, nonce};
use crate::settings::{APP_TOKEN, OAUTH2_TOKEN, Settings, TOKEN_SECRET};
use patchbay_plugin_sdk::{Channel, Failure, Request, Timestamp, host};
use std::rc::Rc;

const DEFAULT: &str = "https://api.x.com";
/// Hosts of X's that keep files.
const FILE_HOSTS: [&str; 2] = [".twitter.com", ".twimg.com"];
const NO_ACCESS: &str = "the channel has neither OAuth 1.0a (consumerKey, consumerSecret, accessTokenKey, \
    accessTokenSecret) nor an OAuth 2 token (oauth2AccessToken)";
const NO_OAUTH1: &str = "X takes this only with OAuth 1.0a: the channel needs consumerKey, accessTokenKey and \
    accessTokenSecret";

pub struct Api<'a> {
    base: String,
    settings: Rc<Settings>,
    channel: &'a Channel,
    now: Timestamp,
    /// Tells requests of the same moment apart.
    what_for: String,
}

impl<'a> Api<'a> {
    pub fn new(channel: &'a Channel, now: Timestamp, what_for: String) -> Result<Self, Failure> {
        let (settings, base) = (channel.settings::<Settings>()?, channel.api_base_url(DEFAULT)?);
        Ok(Self { base, settings, channel, now, what_for })
    }

    pub const fn now(&self) -> Timestamp {
        self.now
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn webhook_url(&self) -> &str {
        &self.channel.webhook_url
    }

    /// A call by its path after the server's address.
    pub fn request(&self, method: &str, path: &str) -> Request {
        Request::new(method, format!("{}{path}", self.base))
    }

    pub fn has_oauth1(&self) -> bool {
        let Settings { consumer_key, access_token_key, .. } = &*self.settings;
        !consumer_key.is_empty() && !access_token_key.is_empty() && host::configured(TOKEN_SECRET)
    }

    /// On behalf of the account, in the way that the channel has.
    pub fn authorised(&self, request: Request) -> Result<Request, Failure> {
        if self.has_oauth1() {
            self.signed(request)
        } else if host::configured(OAUTH2_TOKEN) {
            Ok(request.bearer(OAUTH2_TOKEN))
        } else {
            Err(Failure::unauthorized(NO_ACCESS))
        }
    }

    /// On behalf of the account, for calls that prefer its OAuth 2 token.
    pub fn by_oauth2(&self, request: Request) -> Result<Request, Failure> {
        if host::configured(OAUTH2_TOKEN) { Ok(request.bearer(OAUTH2_TOKEN)) } else { self.authorised(request) }
    }

    /// On behalf of the account, for the older calls, which take nothing else.
    pub fn signed(&self, request: Request) -> Result<Request, Failure> {
        if !self.has_oauth1() {
            return Err(Failure::unsupported(NO_OAUTH1));
        }
        let state = String::from_utf8_lossy(&request.state);
        let nonce = nonce(self.now, &[&self.what_for, &request.method, &request.url, &state]);
        let signer = Signer { consumer_key: &self.settings.consumer_key, token: &self.settings.access_token_key };
        signer.sign(request, &Moment { now: self.now, nonce: &nonce }).map_err(Failure::unauthorized)
    }

    /// Whether a file's address is X's own, so that the account's signature may go there.
    pub fn keeps(&self, url: &str) -> bool {
        let Some((scheme, rest)) = url.split_once("://") else { return false };
        let host = rest.split('/').next().unwrap_or_default();
        // Of nothing else, so that nobody reads another host out of it.
        let is_name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
        let of_x = scheme == "https" && is_name && FILE_HOSTS.iter().any(|suffix| host.ends_with(suffix));
        of_x || url.strip_prefix(&self.base).is_some_and(|path| path.starts_with('/'))
    }
}

/// On behalf of the app. A channel without its token has its webhook registered by hand.
pub fn by_app(request: Request) -> Result<Request, Failure> {
    if host::configured(APP_TOKEN) {
        Ok(request.bearer(APP_TOKEN))
    } else {
        Err(Failure::unsupported("webhooks are registered with the app's bearer token: the channel needs bearerToken"))
    }
}
