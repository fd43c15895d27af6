//! Webhooks as they should not be.

use patchbay_domain::platform::Webhook;
use serde_json::{Value, json};

const LARGE: usize = 10_000_000;
/// What platforms call the fields that say what something is.
const KINDS: [&str; 7] = ["type", "kind", "event", "status", "action", "item", "field"];
const UNHEARD_OF: &str = "unheard_of";

/// Beginnings of a body.
pub fn cut(body: &[u8]) -> Vec<Vec<u8>> {
    let whole = body.trim_ascii().len();
    let mut ends = vec![0, 1, whole / 4, whole / 2, whole * 3 / 4, whole.saturating_sub(1)];
    ends.dedup();
    ends.into_iter()
        .filter_map(|end| body.trim_ascii().get(..end).filter(|_| end < whole).map(<[u8]>::to_vec))
        .collect()
}

/// What no platform sends.
pub fn garbage() -> Vec<(&'static str, Vec<u8>)> {
    // Bytes of every value, in an order that means nothing.
    let noise = (0_u32..4096).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
    vec![
        ("nothing", Vec::new()),
        ("noise", noise),
        ("null", b"null".to_vec()),
        ("a number", b"1e999".to_vec()),
        ("a text", br#""text""#.to_vec()),
        ("an empty list", b"[]".to_vec()),
        ("an empty object", b"{}".to_vec()),
        ("a list of nulls", b"[null,null]".to_vec()),
        ("an unfinished text", br#"{"a":""#.to_vec()),
        ("half a surrogate pair", br#"{"message":"\ud83d"}"#.to_vec()),
        ("invalid UTF-8", b"{\"message\":\"\xff\xfe\"}".to_vec()),
        ("deep nesting", nested(20_000)),
        ("HTML", b"<html><body>Bad gateway</body></html>".to_vec()),
        ("a form", b"a=1&b=%zz&=&%".to_vec()),
    ]
}

/// Ten megabytes of nothing.
pub fn large() -> Vec<u8> {
    json!({"padding": "x".repeat(LARGE)}).to_string().into_bytes()
}

/// The body as JSON with ten megabytes more in it, if it is an object.
pub fn padded(body: &Value) -> Option<Vec<u8>> {
    let mut body = body.clone();
    body.as_object_mut()?.insert("zz_padding".to_owned(), json!("x".repeat(LARGE)));
    Some(body.to_string().into_bytes())
}

/// The body as JSON, with a field more in every object.
pub fn with_unknown_fields(body: &Value) -> Value {
    match body {
        Value::Object(fields) => {
            let mut fields: serde_json::Map<_, _> =
                fields.iter().map(|(name, value)| (name.clone(), with_unknown_fields(value))).collect();
            fields.insert("zz_unheard_of".to_owned(), json!({"list": [1, null, "x"]}));
            Value::Object(fields)
        }
        Value::Array(items) => items.iter().map(with_unknown_fields).collect(),
        other => other.clone(),
    }
}

/// The body as JSON, once for each field that says what something is, with a word there that nobody has heard of.
pub fn with_unknown_kinds(body: &Value) -> Vec<(String, Value)> {
    let mut pointers = Vec::new();
    find_kinds(body, String::new(), &mut pointers);
    pointers
        .into_iter()
        .filter_map(|pointer| {
            let mut changed = body.clone();
            *changed.pointer_mut(&pointer)? = json!(UNHEARD_OF);
            Some((pointer, changed))
        })
        .collect()
}

fn find_kinds(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                if value.is_string() && KINDS.contains(&name.as_str()) {
                    found.push(pointer);
                } else {
                    find_kinds(value, pointer, found);
                }
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                find_kinds(value, format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// The webhook with another body.
pub fn with_body(webhook: &Webhook, body: Vec<u8>) -> Webhook {
    Webhook { body, ..webhook.clone() }
}

/// The webhook as somebody would forge it, who does not know the secret: what changed, and the webhook.
pub fn forged(webhook: &Webhook, signing: &[String], body_counts: bool) -> Vec<(&'static str, Webhook)> {
    let signs = |name: &str| signing.iter().any(|header| header.eq_ignore_ascii_case(name));
    let mut unsigned = webhook.clone();
    unsigned.headers.retain(|header| !signs(&header.name));
    let mut wrong = webhook.clone();
    for header in wrong.headers.iter_mut().filter(|header| signs(&header.name)) {
        header.value = other(&header.value);
    }
    let mut forgeries = vec![("without its signature", unsigned), ("with another signature", wrong)];
    if body_counts {
        forgeries.push(("with another body", with_body(webhook, other_bytes(&webhook.body))));
    }
    forgeries
}

/// The text with its last letter or digit changed.
fn other(text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if let Some(last) = letters.iter_mut().rev().find(|letter| letter.is_ascii_alphanumeric()) {
        *last = if *last == '1' { '2' } else { '1' };
    }
    letters.into_iter().collect()
}

fn other_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if let Some(last) = bytes.iter_mut().rev().find(|byte| byte.is_ascii_alphanumeric()) {
        *last = if *last == b'1' { b'2' } else { b'1' };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_body_is_never_whole() {
        let body = br#"{"a":[1,2,3]}  "#;
        let cuts = cut(body);
        assert!(cuts.len() >= 5);
        assert!(cuts.iter().all(|cut| serde_json::from_slice::<Value>(cut).is_err()), "{cuts:?}");
        assert!(cut(b"").is_empty());
    }

    #[test]
    fn unknown_fields_are_added_at_every_depth() {
        let changed = with_unknown_fields(&json!({"a": [{"b": 1}]}));
        assert!(changed["zz_unheard_of"].is_object() && changed["a"][0]["zz_unheard_of"].is_object());
        assert_eq!(changed["a"][0]["b"], 1);
    }

    #[test]
    fn each_kind_is_changed_alone() {
        let body = json!({"type": "text", "text": {"body": "x"}, "list": [{"status": "sent", "type": 5}]});
        let changed = with_unknown_kinds(&body);
        let pointers: Vec<_> = changed.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(pointers, ["/list/0/status", "/type"]);
        assert_eq!(changed[1].1["type"], UNHEARD_OF);
        assert_eq!(changed[1].1["list"], body["list"]);
    }

    #[test]
    fn a_forgery_differs_in_one_thing() {
        let header =
            |name: &str, value: &str| patchbay_domain::platform::Header { name: name.into(), value: value.into() };
        let webhook = Webhook {
            method: "POST".into(),
            url: "https://x/".into(),
            headers: vec![header("x-sign", "sha256=ab1"), header("content-type", "text/plain")],
            body: b"hello".to_vec(),
            received_at: crate::cli::check::fixture::now(),
        };
        let forgeries = forged(&webhook, &["X-Sign".to_owned()], true);
        assert_eq!(forgeries.len(), 3);
        assert_eq!(forgeries[0].1.headers.len(), 1);
        assert_eq!(forgeries[1].1.headers[0].value, "sha256=ab2");
        assert_eq!((forgeries[2].1.body.as_slice(), &forgeries[2].1.headers), (&b"hell1"[..], &webhook.headers));
    }
}
