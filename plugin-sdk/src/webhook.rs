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

#[cfg(test)]
mod tests {
    use crate::host::Algorithm;
    use crate::testing::{answer, webhook, with_secrets};
    use crate::types::Header;
    use serde_json::{Value, json};

    #[test]
    fn headers_are_found_whatever_their_case() {
        let webhook = webhook("").with_header("X-Signature", "abc");
        assert_eq!(webhook.header("x-signature"), Some("abc"));
        assert_eq!(webhook.header("x-other"), None);
    }

    #[test]
    fn query_parameters_are_decoded() {
        let mut webhook = webhook("");
        webhook.url = "https://desk.example/hook?hub.mode=subscribe&token=a%2Bb#end".to_owned();
        assert_eq!(webhook.query("hub.mode").as_deref(), Some("subscribe"));
        assert_eq!(webhook.query("token").as_deref(), Some("a+b"));
        assert_eq!(webhook.query("absent"), None);
        webhook.url = "https://desk.example/hook".to_owned();
        assert_eq!(webhook.query("token"), None);
    }

    #[test]
    fn a_body_of_another_kind_is_an_error() {
        assert!(webhook("{").json::<Value>().unwrap_err().contains("not the expected JSON"));
        assert!(webhook([0xff]).form().is_err());
        assert_eq!(webhook("a=1").form().unwrap(), [("a".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn a_signature_needs_the_secret_the_prefix_and_the_raw_body() {
        let body = r#"{"text":"\u00e4 https:\/\/example.com"}"#;
        let signed = webhook(body).signed("X-Hub-Signature-256", "sha256=", Algorithm::Sha256, "key");
        let check = |webhook: &crate::Webhook| {
            webhook.is_signed("x-hub-signature-256", "sha256=", Algorithm::Sha256, "appSecret")
        };
        assert!(!check(&signed), "there is no secret");
        with_secrets([("appSecret", "key")], || {
            assert!(check(&signed));
            assert!(!check(&webhook(body)), "the header is missing");
            let bare = signed.header("x-hub-signature-256").unwrap().trim_start_matches("sha256=").to_owned();
            assert!(!check(&webhook(body).with_header("x-hub-signature-256", bare)), "the prefix is missing");
            let other =
                webhook(body.to_uppercase()).with_header("x-hub-signature-256", signed.headers[1].value.clone());
            assert!(!check(&other), "the body is another one");
        });
        with_secrets([("appSecret", "another")], || assert!(!check(&signed)));
    }

    #[test]
    fn retry_after_is_read_in_seconds() {
        let with = |value: &str| {
            let mut response = answer(429, &json!({})).unwrap();
            response.headers.push(Header::new("retry-after", value));
            response.retry_after_ms()
        };
        assert_eq!(with(" 3 "), Some(3000));
        assert_eq!(with("Fri, 21 Nov 2025 08:00:00 GMT"), None);
        assert_eq!(with(&u64::MAX.to_string()), None);
    }
}
