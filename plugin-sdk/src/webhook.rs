//! Reading webhooks and responses, and answering.

use crate::host::{self, Algorithm};
use crate::types::{Acceptance, Header, Rejection, Reply, Response, Webhook};
use serde::Deserialize;

impl Webhook {
    /// The body as JSON; the error says where it breaks.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, String> {
        serde_json::from_slice(&self.body).map_err(|error| format!("the webhook is not the expected JSON: {error}"))
    }

    /// The first query parameter of this name, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.url.split_once('?')?.1.split('#').next()?;
        crate::encoding::decode_form(query).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The fields of a form-encoded body, in order, decoded.
    pub fn form(&self) -> Result<Vec<(String, String)>, String> {
        let text = std::str::from_utf8(&self.body).map_err(|_| "the form is not UTF-8".to_owned())?;
        Ok(crate::encoding::decode_form(text))
    }

    /// Whether a header carries `prefix` and the hexadecimal HMAC of the raw body under a secret. A channel without the
    /// secret, a missing header and a wrong one are all "no".
    pub fn is_signed(&self, header: &str, prefix: &str, algorithm: Algorithm, secret: &str) -> bool {
        let claimed =
            self.header(header).and_then(|value| value.strip_prefix(prefix)).and_then(crate::encoding::from_hex);
        let expected = host::hmac(algorithm, &[secret], &self.body);
        matches!((claimed, expected), (Some(claimed), Ok(expected)) if host::equal(&claimed, &expected))
    }
}

impl Response {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, String> {
        serde_json::from_slice(&self.body).map_err(|error| format!("the answer is not the expected JSON: {error}"))
    }
}

impl Reply {
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![Header::new("content-type", content_type)], body: body.into() }
    }

    /// 200 without a body.
    pub fn ok() -> Self {
        Self { status: 200, headers: Vec::new(), body: Vec::new() }
    }

    /// 200 with plain text, as handshakes want it.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(200, "text/plain; charset=utf-8", text.into())
    }

    /// 200 with JSON.
    pub fn json(value: &serde_json::Value) -> Self {
        Self::new(200, "application/json", value.to_string())
    }
}

impl Acceptance {
    /// Store the webhook, then answer 200 without a body.
    pub fn keep() -> Self {
        Self::Keep(Reply::ok())
    }
}

impl Rejection {
    pub fn unauthentic(reason: impl Into<String>) -> Self {
        Self::Unauthentic(reason.into())
    }

    pub fn malformed(reason: impl Into<String>) -> Self {
        Self::Malformed(reason.into())
    }
}
