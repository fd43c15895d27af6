//! Events as a connector in JavaScript makes them, shown as those of the others are: a case is an object with `tag` and
//! `val`, fields are in camel case, and nothing is left out.

use serde_json::{Map, Value, json};

pub fn shown(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(shown).collect(),
        Value::Object(fields) => match (fields.get("tag").and_then(Value::as_str), fields.get("val")) {
            (Some("unsupported"), Some(raw)) => json!({"unsupported": document(raw)}),
            (Some(case), Some(value)) => json!({ case: shown(value) }),
            _ => record(fields),
        },
        plain => plain.clone(),
    }
}

fn record(fields: &Map<String, Value>) -> Value {
    let named = fields.iter().map(|(name, value)| {
        let value = if name == "metadata" { document(value) } else { shown(value) };
        (snake(name), value)
    });
    Value::Object(named.filter(|(_, value)| !is_nothing(value)).collect())
}

/// JSON within a text.
fn document(raw: &Value) -> Value {
    serde_json::from_str(raw.as_str().unwrap()).unwrap()
}

fn snake(name: &str) -> String {
    let letters = name.chars().flat_map(|letter| {
        let gap = letter.is_ascii_uppercase().then_some('_');
        gap.into_iter().chain(std::iter::once(letter.to_ascii_lowercase()))
    });
    letters.collect()
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}
