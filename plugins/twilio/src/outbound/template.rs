//! Content templates. Twilio knows them by SID, and their variables by name or by place.

use super::compose::Piece;
use patchbay_plugin_sdk::{Failure, TemplateUse};
use serde_json::{Map, Value};

const UNKNOWN_FORM: &str = "a template's parameters must be a list of texts, or an object of texts by variable";

pub fn fields(template: &TemplateUse) -> Result<Piece, Failure> {
    if !is_content_sid(&template.name) {
        return Err(Failure::rejected(
            "Twilio knows a template by its ContentSid (HX and 32 digits); the channel's list of templates tells it",
        ));
    }
    let mut piece = vec![("ContentSid".to_owned(), template.name.clone())];
    let variables = variables(&template.parameters)?;
    if !variables.is_empty() {
        piece.push(("ContentVariables".to_owned(), Value::Object(variables).to_string()));
    }
    Ok(piece)
}

fn is_content_sid(name: &str) -> bool {
    let digits = name.strip_prefix("HX");
    digits.is_some_and(|digits| digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// In a list, the first text is variable 1.
fn variables(parameters: &str) -> Result<Map<String, Value>, Failure> {
    let unknown = || Failure::rejected(UNKNOWN_FORM);
    let parameters = match parameters.trim() {
        "" => Value::Null,
        json => serde_json::from_str(json).map_err(|_| unknown())?,
    };
    let named: Vec<(String, Value)> = match parameters {
        Value::Null => Vec::new(),
        Value::Object(fields) => fields.into_iter().collect(),
        Value::Array(items) => (1..).map(|place: usize| place.to_string()).zip(items).collect(),
        _ => return Err(unknown()),
    };
    let text = |(name, value): (String, Value)| match value {
        Value::String(_) => Ok((name, value)),
        Value::Number(number) => Ok((name, Value::String(number.to_string()))),
        _ => Err(unknown()),
    };
    named.into_iter().map(text).collect()
}
