//! One request from hop to hop. Redirects are followed here, because each hop is checked like the first, and
//! because credentials never follow to another place.

use std::{error::Error, time::Duration};

use http::{HeaderMap, Method, StatusCode, header};
use patchbay_domain::platform::{Body, Manifest, Request, Response, TransportError};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::{
    Limits, answer,
    body::{self, Files},
    client::Clients,
    credentials, headers,
    policy::{Policy, Refusal},
};
use crate::{ChannelView, MediaStore};

/// However long a connector asks to wait before its request is sent.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

pub struct Transfer<'a> {
    pub clients: &'a Clients,
    pub policy: &'a Policy,
    pub limits: &'a Limits,
    pub channel: &'a ChannelView,
    pub manifest: &'a Manifest,
    pub request: &'a Request,
    pub media: &'a dyn MediaStore,
}

/// Where a request goes next, and with what.
struct Hop {
    method: Method,
    url: Url,
    headers: HeaderMap,
    with_body: bool,
    with_credentials: bool,
}

impl Transfer<'_> {
    pub async fn run(&self) -> Result<Response, TransportError> {
        let config: Value = serde_json::from_str(&self.channel.config)
            .map_err(|error| refused(format!("the channel's settings are not JSON: {error}")))?;
        let mut hop = self.first().map_err(TransportError::Refused)?;
        let wait = headers::wait(&self.request.headers).map_err(TransportError::Refused)?;
        tokio::time::sleep(wait.min(LONGEST_WAIT)).await;
        let deadline = Instant::now() + self.timeout();
        for hops in 0..=self.limits.redirects {
            self.policy.check(&hop.url, self.manifest, &config).map_err(|refusal| refused(refusal.to_string()))?;
            let answer = match self.send(&hop, deadline).await {
                // What was sent before the redirect may have done its work.
                Err(TransportError::NotSent(reason)) if hops > 0 => return Err(TransportError::Unknown(reason)),
                sent => sent?,
            };
            match next(&hop, &answer) {
                Some(following) => hop = following.map_err(TransportError::Unknown)?,
                None => return self.read(answer).await,
            }
        }
        Err(TransportError::Unknown(format!("the platform redirected more than {} times", self.limits.redirects)))
    }

    fn timeout(&self) -> Duration {
        let asked = self.request.timeout_ms.map(|milliseconds| Duration::from_millis(milliseconds.into()));
        asked.unwrap_or(self.limits.default_timeout).min(self.limits.max_timeout)
    }

    fn first(&self) -> Result<Hop, String> {
        let Request { method, url, headers: asked, auth, .. } = self.request;
        let mut url = Url::parse(url).map_err(|error| Refusal::Unreadable(error.to_string()).to_string())?;
        credentials::into_path(&mut url, auth, &self.channel.secrets)?;
        let (method, headers) = (headers::method(method)?, headers::build(asked)?);
        Ok(Hop { method, url, headers, with_body: true, with_credentials: true })
    }

    async fn send(&self, hop: &Hop, deadline: Instant) -> Result<reqwest::Response, TransportError> {
        let (mut url, mut headers) = (hop.url.clone(), hop.headers.clone());
        if !hop.with_credentials && hop.with_body && body::holds_secret(&self.request.body) {
            let reason = "the platform redirected a request with a secret in its body to another place";
            return Err(TransportError::Unknown(reason.to_owned()));
        }
        if hop.with_credentials {
            credentials::into_hop(&mut url, &mut headers, &self.request.auth, &self.channel.secrets)
                .map_err(refused)?;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let request = self.clients.of(&url).request(hop.method.clone(), url).timeout(left);
        let files = Files { store: self.media, channel: self.channel.id, secrets: &self.channel.secrets };
        let body = if hop.with_body { &self.request.body } else { &Body::Empty };
        let request = body::attach(request, headers, body, &files).await?;
        request.send().await.map_err(|error| failed(&hop.url, &error))
    }

    async fn read(&self, answer: reqwest::Response) -> Result<Response, TransportError> {
        if self.request.save_body && answer.status().is_success() {
            answer::save(answer, self.limits, self.media, self.channel.id).await
        } else {
            answer::read(answer, self.limits).await
        }
    }
}

/// The hop that an answer asks for, if it does.
fn next(hop: &Hop, answer: &reqwest::Response) -> Option<Result<Hop, String>> {
    let keeps_method = match answer.status() {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => false,
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
        _ => return None,
    };
    let location = answer.headers().get(header::LOCATION)?;
    let url = location.to_str().ok().and_then(|location| hop.url.join(location).ok());
    let Some(url) = url else {
        return Some(Err("the platform redirected to an address that cannot be read".to_owned()));
    };
    let (mut method, mut headers) = (hop.method.clone(), hop.headers.clone());
    if !keeps_method {
        headers.remove(header::CONTENT_TYPE);
        if method != Method::HEAD {
            method = Method::GET;
        }
    }
    let with_credentials = hop.with_credentials && url.origin() == hop.url.origin();
    if !with_credentials {
        headers.remove(header::AUTHORIZATION);
    }
    Some(Ok(Hop { method, url, headers, with_body: hop.with_body && keeps_method, with_credentials }))
}

fn refused(reason: String) -> TransportError {
    TransportError::Refused(reason)
}

/// What is known of a request whose answer did not come. Only what failed before a connection stood never left.
fn failed(url: &Url, error: &reqwest::Error) -> TransportError {
    let host = url.host_str().unwrap_or_default();
    if let Some(refusal) = causes(error).find_map(|cause| cause.downcast_ref::<Refusal>()) {
        return refused(refusal.to_string());
    }
    let reason = format!("{host}: {}", reason(error));
    if error.is_connect() || error.is_builder() {
        TransportError::NotSent(reason)
    } else {
        TransportError::Unknown(reason)
    }
}

/// Why, without the address: it may hold a secret.
pub fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    causes(error).last().map_or_else(|| "the request failed".to_owned(), ToString::to_string)
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause: &&'a (dyn Error + 'static)| (*cause).source())
}
