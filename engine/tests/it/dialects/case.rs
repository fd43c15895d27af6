//! One request and what is answered.
//!
//! An expected answer names what has to be there: an object may have more fields, a list has exactly its items. A text in
//! angle brackets stands for a kind of value (`<id>`, `<time>`, `<text>`, `<number>`, `<yes or no>`, `<object>`, `<list>`,
//! `<any>`), with `?` for one that may be null; `<absent>` for a field that must not be there.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    /// A method and a path.
    pub request: String,
    /// Who calls; nobody in particular with `nobody`, and whoever has a token that was kept by this name.
    #[serde(default = "admin", rename = "as")]
    pub caller: String,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    pub body: Option<Value>,
    /// Instead of a body: the fields of a form.
    #[serde(default)]
    pub form: BTreeMap<String, String>,
    /// The token with which Twilio signs its forms.
    pub signed_by_twilio: Option<String>,
    /// The key with which WAHA signs the body.
    pub signed_by_waha: Option<String>,
    /// In place of a body: what is in the file of a form.
    pub file: Option<String>,
    pub status: u16,
    /// Headers that the answer has.
    #[serde(default)]
    pub answer_headers: BTreeMap<String, String>,
    pub answer: Option<Value>,
    /// Names for parts of the answer, such as `ticket: 0.id`.
    #[serde(default)]
    pub keep: BTreeMap<String, String>,
    /// It is asked again until it is as wanted.
    #[serde(default)]
    pub eventually: bool,
}

fn admin() -> String {
    "admin".to_owned()
}

impl Case {
    pub fn method(&self) -> &str {
        self.request.split(' ').next().unwrap_or_default()
    }

    pub fn path(&self) -> &str {
        self.request.split_once(' ').unwrap_or_default().1
    }
}

/// What is otherwise than wanted, and where.
pub fn difference(wanted: &Value, found: Option<&Value>, place: &str) -> Result<(), String> {
    if let Value::String(text) = wanted
        && let Some(kind) = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'))
    {
        return if is_of_kind(kind, found) { Ok(()) } else { Err(told(place, wanted, found)) };
    }
    match (wanted, found) {
        (Value::Object(wanted), Some(Value::Object(found))) => {
            let field =
                |(name, wanted): (&String, &Value)| difference(wanted, found.get(name), &format!("{place}.{name}"));
            wanted.iter().try_for_each(field)
        }
        (Value::Array(wanted), Some(Value::Array(found))) if wanted.len() == found.len() => {
            let item = |(number, (wanted, found)): (usize, (&Value, &Value))| {
                difference(wanted, Some(found), &format!("{place}.{number}"))
            };
            wanted.iter().zip(found).enumerate().try_for_each(item)
        }
        (wanted, Some(found)) if wanted == found => Ok(()),
        _ => Err(told(place, wanted, found)),
    }
}

fn told(place: &str, wanted: &Value, found: Option<&Value>) -> String {
    let found = found.map_or_else(|| "nothing".to_owned(), ToString::to_string);
    format!("answer{place} should be {wanted} and is {found}")
}

fn is_of_kind(kind: &str, found: Option<&Value>) -> bool {
    let Some(found) = found else { return kind == "absent" };
    if let Some(kind) = kind.strip_suffix('?') {
        return found.is_null() || is_of_kind(kind, Some(found));
    }
    let text = found.as_str();
    match kind {
        "id" => text.is_some_and(|text| text.parse::<Uuid>().is_ok()),
        "time" => text.is_some_and(|text| text.ends_with('Z') && DateTime::parse_from_rfc3339(text).is_ok()),
        "text" => text.is_some(),
        "number" => found.is_number(),
        "yes or no" => found.is_boolean(),
        "object" => found.is_object(),
        "list" => found.is_array(),
        "any" => true,
        "absent" => false,
        kind => panic!("<{kind}> stands for nothing"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_otherwise_is_named_with_its_place() {
        let wanted = json!({"a": [{"b": "<number>"}], "c": "<time?>", "d": "<absent>"});
        assert_eq!(difference(&wanted, Some(&json!({"a": [{"b": 1, "x": 2}], "c": null})), ""), Ok(()));
        let told = |found| difference(&wanted, Some(&found), "").unwrap_err();
        assert_eq!(told(json!({"a": [{"b": "1"}], "c": null})), r#"answer.a.0.b should be "<number>" and is "1""#);
        assert!(told(json!({"a": [], "c": null})).starts_with("answer.a should be"));
        assert_eq!(told(json!({"a": [{"b": 1}], "c": "today"})), r#"answer.c should be "<time?>" and is "today""#);
        assert_eq!(told(json!({"a": [{"b": 1}], "c": null, "d": 1})), r#"answer.d should be "<absent>" and is 1"#);
    }
}
