//! Requests that the engine sends, and the steps of a command.

use crate::encoding::encode_component;
use crate::types::{Auth, Body, Chunk, Header, MediaId, Outcome, Part, PartContent, Request, Step};
use serde_json::Value;
use std::ops::Range;

/// The header that the engine reads as [`Request::after`].
const WAIT: &str = "patchbay-wait-ms";

impl Request {
    pub fn new(method: &str, url: impl Into<String>) -> Self {
        Self {
            method: method.to_owned(),
            url: url.into(),
            headers: Vec::new(),
            auth: Auth::None,
            body: Body::Empty,
            timeout_ms: None,
            save_body: false,
            idempotent: false,
            state: Vec::new(),
        }
    }

    /// A `GET`, which may be repeated when its answer is lost.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url).idempotent()
    }

    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url)
    }

    pub fn put(url: impl Into<String>) -> Self {
        Self::new("PUT", url)
    }

    pub fn delete(url: impl Into<String>) -> Self {
        Self::new("DELETE", url)
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push(Header::new(name, value));
        self
    }

    /// One more query parameter, escaped.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.url.push(if self.url.contains('?') { '&' } else { '?' });
        self.url.push_str(&encode_component(name));
        self.url.push('=');
        self.url.push_str(&encode_component(value));
        self
    }

    /// `Authorization: Bearer`, with the value of this secret.
    #[must_use]
    pub fn bearer(self, secret: &str) -> Self {
        Self { auth: Auth::Bearer(secret.to_owned()), ..self }
    }

    /// `Authorization: Basic`, with the value of this secret as the password.
    #[must_use]
    pub fn basic(self, user: impl Into<String>, secret: &str) -> Self {
        Self { auth: Auth::Basic((user.into(), secret.to_owned())), ..self }
    }

    /// A header whose value is this secret.
    #[must_use]
    pub fn secret_header(self, name: &str, secret: &str) -> Self {
        Self { auth: Auth::Header((name.to_owned(), secret.to_owned())), ..self }
    }

    /// A query parameter whose value is this secret.
    #[must_use]
    pub fn secret_query(self, name: &str, secret: &str) -> Self {
        Self { auth: Auth::Query((name.to_owned(), secret.to_owned())), ..self }
    }

    /// The secret in place of `{secret}` in the path.
    #[must_use]
    pub fn secret_path(self, secret: &str) -> Self {
        Self { auth: Auth::Path(secret.to_owned()), ..self }
    }

    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        Self { body: Body::Bytes(body.to_string().into_bytes()), ..self.header("content-type", "application/json") }
    }

    #[must_use]
    pub fn form<const N: usize>(self, fields: [(&str, &str); N]) -> Self {
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { body: Body::Form(fields), ..self }
    }

    #[must_use]
    pub fn multipart(self, parts: Vec<Part>) -> Self {
        Self { body: Body::Multipart(parts), ..self }
    }

    /// Bytes and files in one stream.
    #[must_use]
    pub fn chunks(self, content_type: &str, chunks: Vec<Chunk>) -> Self {
        Self { body: Body::Chunks(chunks), ..self.header("content-type", content_type) }
    }

    #[must_use]
    pub fn timeout(self, milliseconds: u32) -> Self {
        Self { timeout_ms: Some(milliseconds), ..self }
    }

    /// Keep the answer's body as a file.
    #[must_use]
    pub fn save_body(self) -> Self {
        Self { save_body: true, ..self }
    }

    /// A lost answer may be asked for again.
    #[must_use]
    pub fn idempotent(self) -> Self {
        Self { idempotent: true, ..self }
    }

    /// Sent only after this time, for platforms that say when to ask again. The engine waits half a minute at most.
    #[must_use]
    pub fn after(self, milliseconds: u64) -> Self {
        self.header(WAIT, milliseconds.to_string())
    }

    /// What `resume` is to know when the answer is there.
    #[must_use]
    pub fn state(self, state: impl Into<Vec<u8>>) -> Self {
        Self { state: state.into(), ..self }
    }
}

impl Part {
    pub fn text(name: &str, value: impl Into<String>) -> Self {
        let content = PartContent::Bytes(value.into().into_bytes());
        Self { name: name.to_owned(), content, file_name: None, mime_type: None }
    }

    /// A file that the engine keeps.
    pub fn file(name: &str, media: MediaId) -> Self {
        Self { name: name.to_owned(), content: PartContent::Media(media), file_name: None, mime_type: None }
    }

    /// Some of the bytes of a file, for platforms that take it piece by piece.
    pub fn file_slice(name: &str, media: &str, bytes: Range<u64>) -> Self {
        let last = bytes.end.saturating_sub(1);
        Self::file(name, format!("{media}#bytes={}-{last}", bytes.start))
    }
}

impl Chunk {
    /// The value of a secret within a text of JSON, for platforms that are told a key in a body: the quotes around it
    /// are the connector's.
    #[must_use]
    pub fn secret(name: &str) -> Self {
        Self::Media(format!("#secret={name}"))
    }
}

impl From<Request> for Step {
    fn from(request: Request) -> Self {
        Self::Request(request)
    }
}

impl From<Outcome> for Step {
    fn from(outcome: Outcome) -> Self {
        Self::Done(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::{Auth, Body, Chunk, Header, Part, PartContent, Request};
    use crate::testing::snapshot;
    use serde_json::json;

    #[test]
    fn a_request_is_built_in_one_expression() {
        let request = Request::post("https://api.example/messages?v=1")
            .query("to", "a b&c")
            .bearer("accessToken")
            .json(&json!({"text": "hi"}))
            .timeout(500)
            .state("uploaded");
        let expected = json!({
            "method": "POST",
            "url": "https://api.example/messages?v=1&to=a%20b%26c",
            "headers": [{"name": "content-type", "value": "application/json"}],
            "auth": {"bearer": "accessToken"},
            "body": {"bytes": {"text": "hi"}},
            "timeout_ms": 500,
            "state": "uploaded",
        });
        assert_eq!(snapshot(&request), expected);
    }

    #[test]
    fn only_a_get_may_be_repeated_unasked() {
        assert!(Request::get("https://api.example").idempotent);
        assert!(!Request::post("https://api.example").idempotent);
        assert!(Request::put("https://api.example").idempotent().idempotent);
    }

    #[test]
    fn a_piece_of_a_file_and_a_pause_are_said_in_words() {
        let part = Part::file_slice("media", "m1", 5..9);
        assert_eq!(part.content, PartContent::Media("m1#bytes=5-8".to_owned()));
        let request = Request::get("https://api.example").after(1_500);
        assert_eq!(request.headers, [Header::new("patchbay-wait-ms", "1500")]);
    }

    #[test]
    fn a_secret_within_a_body_is_named() {
        assert_eq!(Chunk::secret("hmacKey"), Chunk::Media("#secret=hmacKey".to_owned()));
    }

    #[test]
    fn secrets_are_only_ever_named() {
        let request = || Request::post("https://api.example/{secret}/send").form([("a", "1")]);
        let pair = |name: &str, secret: &str| (name.to_owned(), secret.to_owned());
        assert_eq!(request().basic("user", "token").auth, Auth::Basic(pair("user", "token")));
        assert_eq!(request().secret_header("x-key", "token").auth, Auth::Header(pair("x-key", "token")));
        assert_eq!(request().secret_query("key", "token").auth, Auth::Query(pair("key", "token")));
        assert_eq!(request().secret_path("token").auth, Auth::Path("token".to_owned()));
        assert_eq!(request().body, Body::Form(vec![pair("a", "1")]));
    }
}
