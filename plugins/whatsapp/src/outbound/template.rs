//! Templates. Their parameters come as the platform's own `components`, or in short: a list of texts for the body, or
//! texts by name for templates with named parameters.

use patchbay_plugin_sdk::{Failure, TemplateUse};
use serde_json::{Map, Value, json};

const UNKNOWN_FORM: &str =
    "a template's parameters must be a list of texts, an object of texts by name, or the platform's components";

pub fn object(template: &TemplateUse) -> Result<Value, Failure> {
    if template.name.is_empty() || template.language.is_empty() {
        return Err(Failure::rejected("a template needs its name and its language"));
    }
    let parameters = match template.parameters.trim() {
        "" => Value::Null,
        json => serde_json::from_str(json).map_err(|_| Failure::rejected(UNKNOWN_FORM))?,
    };
    let mut object = json!({"name": template.name, "language": {"code": template.language}});
    let components = components(parameters)?;
    if let (false, Some(fields)) = (components.is_empty(), object.as_object_mut()) {
        fields.insert("components".to_owned(), Value::Array(components));
    }
    Ok(object)
}

fn components(parameters: Value) -> Result<Vec<Value>, Failure> {
    match parameters {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) if items.iter().all(is_component) => Ok(items),
        Value::Array(items) => body(items.into_iter().map(parameter)),
        Value::Object(mut fields) => match fields.remove("components") {
            Some(Value::Array(components)) => Ok(components),
            Some(_) => Err(Failure::rejected(UNKNOWN_FORM)),
            None => body(fields.into_iter().map(named)),
        },
        _ => Err(Failure::rejected(UNKNOWN_FORM)),
    }
}

/// Components have a part of the template as their type, parameters a kind of value.
fn is_component(value: &Value) -> bool {
    let kind = value.get("type").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    matches!(
        kind.as_str(),
        "header" | "body" | "footer" | "button" | "carousel" | "limited_time_offer" | "order_status"
    )
}

fn body(parameters: impl Iterator<Item = Result<Value, Failure>>) -> Result<Vec<Value>, Failure> {
    let parameters: Vec<Value> = parameters.collect::<Result<_, _>>()?;
    Ok(if parameters.is_empty() { Vec::new() } else { vec![json!({"type": "body", "parameters": parameters})] })
}

fn parameter(value: Value) -> Result<Value, Failure> {
    match value {
        Value::Object(ref fields) if fields.contains_key("type") => Ok(value),
        value => Ok(json!({"type": "text", "text": text(&value)?})),
    }
}

fn named((name, value): (String, Value)) -> Result<Value, Failure> {
    let mut parameter = Map::new();
    parameter.insert("type".to_owned(), json!("text"));
    parameter.insert("parameter_name".to_owned(), json!(name));
    parameter.insert("text".to_owned(), json!(text(&value)?));
    Ok(Value::Object(parameter))
}

fn text(value: &Value) -> Result<String, Failure> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(Failure::rejected(UNKNOWN_FORM)),
    }
}
