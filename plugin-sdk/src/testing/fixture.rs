//! Recorded payloads: a JSON file with `kind` and one of `body` (JSON), `form` (fields) or `raw` (exact text), or
//! `bodies` and `forms` for several in a row; `status`, `headers` or `header`, `url` and `method` where they matter.

use super::values::webhook;
use crate::encoding::encode_component;
use crate::types::{Header, Response, Webhook};
use serde_json::{Map, Value};
use std::path::Path;

const BOUNDARY: &str = "patchbay-fixture-boundary";

/// One recorded payload.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// The file as it is, for fields that only some platforms need.
    pub value: Value,
}

impl Fixture {
    /// # Panics
    /// When the file cannot be read or is not JSON.
    pub fn load(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let text = std::fs::read(path).unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
        let value = serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { value }
    }

    pub fn kind(&self) -> &str {
        self.text("kind").unwrap_or_default()
    }

    /// A field of the envelope that is text.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.value.get(field).and_then(Value::as_str)
    }

    /// The webhook.
    ///
    /// # Panics
    /// When there is not exactly one.
    pub fn webhook(&self) -> Webhook {
        match <[Webhook; 1]>::try_from(self.webhooks()) {
            Ok([webhook]) => webhook,
            Err(several) => panic!("the fixture holds {} webhooks", several.len()),
        }
    }

    /// The webhooks, in the order in which the platform sends them.
    pub fn webhooks(&self) -> Vec<Webhook> {
        let single = ["body", "form", "raw"].into_iter().filter_map(|field| Some((field, self.value.get(field)?)));
        let several = [("bodies", "body"), ("forms", "form")].into_iter().flat_map(|(field, kind)| {
            let items = self.value.get(field).and_then(Value::as_array);
            items.into_iter().flatten().map(move |item| (kind, item))
        });
        single.chain(several).map(|(kind, payload)| self.envelope(self.payload(kind, payload))).collect()
    }

    /// The platform's answer, with status 200 unless the file says otherwise.
    pub fn response(&self) -> Response {
        let payload = ["body", "raw"].into_iter().find_map(|field| Some((field, self.value.get(field)?)));
        let body = payload.map(|(kind, payload)| self.payload(kind, payload).1).unwrap_or_default();
        let status = self.value.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
        Response { status: status.unwrap_or(200), headers: self.headers(), body, saved: None }
    }

    fn envelope(&self, (content_type, body): (String, Vec<u8>)) -> Webhook {
        let mut webhook = webhook(body).with_header("content-type", content_type);
        if let Some(url) = self.text("url") {
            url.clone_into(&mut webhook.url);
        }
        if let Some(method) = self.text("method") {
            method.clone_into(&mut webhook.method);
        }
        self.headers().into_iter().fold(webhook, |webhook, header| webhook.with_header(&header.name, header.value))
    }

    fn headers(&self) -> Vec<Header> {
        let fields = ["headers", "header"].into_iter().filter_map(|field| self.value.get(field)?.as_object());
        fields.flatten().map(|(name, value)| Header::new(name, plain(value))).collect()
    }

    /// Content type and bytes.
    fn payload(&self, kind: &str, payload: &Value) -> (String, Vec<u8>) {
        let declared = self.text("content_type").unwrap_or("application/json");
        match (kind, payload) {
            ("form", Value::Object(fields)) if declared.starts_with("multipart/") => multipart(fields),
            ("form", Value::Object(fields)) => ("application/x-www-form-urlencoded".to_owned(), url_encoded(fields)),
            ("raw", Value::String(text)) => (declared.to_owned(), text.clone().into_bytes()),
            _ => (declared.to_owned(), payload.to_string().into_bytes()),
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn url_encoded(fields: &Map<String, Value>) -> Vec<u8> {
    let pair =
        |(name, value): (&String, &Value)| format!("{}={}", encode_component(name), encode_component(&plain(value)));
    fields.iter().map(pair).collect::<Vec<_>>().join("&").into_bytes()
}

fn multipart(fields: &Map<String, Value>) -> (String, Vec<u8>) {
    let part = |(name, value): (&String, &Value)| {
        let value = plain(value);
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let parts: String = fields.iter().map(part).collect();
    (format!("multipart/form-data; boundary={BOUNDARY}"), format!("{parts}--{BOUNDARY}--\r\n").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::Fixture;
    use serde_json::{Value, json};

    fn fixture(value: Value) -> Fixture {
        Fixture { value }
    }

    #[test]
    fn a_json_body_is_a_webhook() {
        let webhook = fixture(json!({"kind": "webhook", "body": {"a": 1}, "headers": {"X-Id": "7"}})).webhook();
        assert_eq!(webhook.json::<Value>().unwrap(), json!({"a": 1}));
        assert_eq!((webhook.header("x-id"), webhook.header("content-type")), (Some("7"), Some("application/json")));
    }

    #[test]
    fn a_form_is_encoded_and_a_raw_body_is_exact() {
        let form = fixture(json!({"form": {"From": "+1", "Body": "a b"}, "url": "https://desk.example/x"})).webhook();
        assert_eq!(form.url, "https://desk.example/x");
        let fields = [("Body", "a b"), ("From", "+1")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(form.form().unwrap(), fields);
        assert_eq!(fixture(json!({"raw": "{ \"a\":1}\r\n"})).webhook().body, b"{ \"a\":1}\r\n");
    }

    #[test]
    fn a_multipart_form_names_its_boundary() {
        let webhook = fixture(json!({"content_type": "multipart/form-data", "form": {"to": "x"}})).webhook();
        let boundary = webhook.header("content-type").unwrap().split_once("boundary=").unwrap().1;
        let body =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"to\"\r\n\r\nx\r\n--{boundary}--\r\n");
        assert_eq!(String::from_utf8(webhook.body.clone()).unwrap(), body);
    }

    #[test]
    fn a_sequence_keeps_its_order() {
        let webhooks = fixture(json!({"kind": "webhook_sequence", "bodies": [{"n": 1}, {"n": 2}]})).webhooks();
        let bodies: Vec<Value> = webhooks.iter().map(|webhook| webhook.json().unwrap()).collect();
        assert_eq!(bodies, [json!({"n": 1}), json!({"n": 2})]);
    }

    #[test]
    fn a_response_has_its_status_and_headers() {
        let response = fixture(json!({"status": 202, "headers": {"X-Message-Id": "7"}, "raw": ""})).response();
        assert_eq!((response.status, response.header("x-message-id"), response.body.len()), (202, Some("7"), 0));
        assert_eq!(fixture(json!({"body": {}})).response().status, 200);
    }
}
