//! Recorded payloads, in the format of `patchbay_plugin_sdk::testing::Fixture`, and one more kind: a file of kind
//! `channel` holds the settings with which the others are to be read: `channel_type`, `config`, `secrets`, `contact`.

use std::path::Path;

use anyhow::Context;
use chrono::{DateTime, Utc};
use patchbay_domain::platform::{Header, Response, Webhook};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

pub const ADDRESS: &str = "https://patchbay.example/webhook/1";
const BOUNDARY: &str = "patchbay-fixture-boundary";

/// The moment at which everything happens: 2025-06-08T18:39:43Z.
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_749_407_983_000).unwrap_or_default()
}

#[derive(Clone, Debug)]
pub struct Fixture {
    pub name: String,
    pub value: Value,
}

/// Every `.json` file of a folder, in the order of their names.
pub fn load(folder: &Path) -> anyhow::Result<Vec<Fixture>> {
    let unreadable = || format!("the folder {} cannot be read", folder.display());
    let mut fixtures = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
            let value = serde_json::from_slice(&text).with_context(|| format!("{} is not JSON", path.display()))?;
            fixtures.push(Fixture { name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), value });
        }
    }
    fixtures.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(fixtures)
}

impl Fixture {
    pub fn kind(&self) -> &str {
        self.text("kind").unwrap_or_default()
    }

    pub fn text(&self, field: &str) -> Option<&str> {
        self.value.get(field).and_then(Value::as_str)
    }

    pub fn object(&self, field: &str) -> Option<&Map<String, Value>> {
        self.value.get(field).and_then(Value::as_object)
    }

    /// The webhooks, in the order in which the platform sends them.
    pub fn webhooks(&self) -> Vec<Webhook> {
        let single = ["body", "form", "raw"].into_iter().filter_map(|field| Some((field, self.value.get(field)?)));
        let several = [("bodies", "body"), ("forms", "form")].into_iter().flat_map(|(field, kind)| {
            let items = self.value.get(field).and_then(Value::as_array);
            items.into_iter().flatten().map(move |item| (kind, item))
        });
        single.chain(several).map(|(kind, payload)| self.webhook(self.payload(kind, payload))).collect()
    }

    /// A platform's answer, with status 200 unless the file says otherwise.
    pub fn response(&self) -> Response {
        let payload = ["body", "raw"].into_iter().find_map(|field| Some((field, self.value.get(field)?)));
        let body = payload.map(|(kind, payload)| self.payload(kind, payload).1).unwrap_or_default();
        let status = self.value.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
        Response { status: status.unwrap_or(200), headers: self.headers(), body, saved: None }
    }

    pub fn headers(&self) -> Vec<Header> {
        let fields = ["headers", "header"].into_iter().filter_map(|field| self.object(field));
        fields.flatten().map(|(name, value)| Header { name: name.clone(), value: plain(value) }).collect()
    }

    fn webhook(&self, (content_type, body): (String, Vec<u8>)) -> Webhook {
        let mut headers = self.headers();
        if !headers.iter().any(|header| header.name.eq_ignore_ascii_case("content-type")) {
            headers.push(Header { name: "content-type".to_owned(), value: content_type });
        }
        Webhook {
            method: self.text("method").unwrap_or("POST").to_owned(),
            url: self.text("url").unwrap_or(ADDRESS).to_owned(),
            headers,
            body,
            received_at: now(),
        }
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

pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn url_encoded(fields: &Map<String, Value>) -> Vec<u8> {
    let pair = |(name, value): (&String, &Value)| format!("{}={}", encode(name), encode(&plain(value)));
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
    use serde_json::json;

    use super::*;

    fn fixture(value: Value) -> Fixture {
        Fixture { name: "test".to_owned(), value }
    }

    #[test]
    fn bodies_and_forms_become_webhooks_with_their_content_type() {
        let body = fixture(json!({"kind": "webhook", "body": {"a": 1}, "header": {"X-Id": 7}})).webhooks();
        assert_eq!(body[0].body, br#"{"a":1}"#);
        assert!(body[0].headers.contains(&Header { name: "X-Id".to_owned(), value: "7".to_owned() }));
        let form = fixture(json!({"form": {"From": "+1", "Body": "a b"}, "url": "https://desk.example/x"})).webhooks();
        assert_eq!(
            (form[0].url.as_str(), form[0].body.as_slice()),
            ("https://desk.example/x", &b"Body=a%20b&From=%2B1"[..])
        );
        let parts = fixture(json!({"content_type": "multipart/form-data", "form": {"to": "x"}})).webhooks();
        assert!(parts[0].headers[0].value.contains(BOUNDARY) && parts[0].body.ends_with(b"--\r\n"));
        assert_eq!(fixture(json!({"bodies": [{"n": 1}, {"n": 2}]})).webhooks().len(), 2);
    }

    #[test]
    fn an_answer_has_its_status_and_a_folder_is_read_in_order() {
        assert_eq!(fixture(json!({"status": 429, "raw": "slow"})).response().status, 429);
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.json", "a.json", "readme.txt"] {
            std::fs::write(folder.path().join(name), "{}").unwrap();
        }
        let names: Vec<_> = load(folder.path()).unwrap().into_iter().map(|fixture| fixture.name).collect();
        assert_eq!(names, ["a", "b"]);
        std::fs::write(folder.path().join("c.json"), "{").unwrap();
        assert!(load(folder.path()).unwrap_err().to_string().ends_with("c.json is not JSON"));
    }
}
