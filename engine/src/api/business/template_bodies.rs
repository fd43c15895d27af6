//! What is said of a template that is made or changed.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    api::fields::{Check, Field, Noted},
    service::{
        ServiceError,
        fields::{NO_NUL, Name, is_storable},
        templates::{ChangeTemplate, NewTemplate},
    },
};

const CATEGORIES: [&str; 3] = ["MARKETING", "UTILITY", "AUTHENTICATION"];
const SHORTEST_NAME: usize = 3;
const LANGUAGE: std::ops::RangeInclusive<usize> = 2..=20;

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Template")]
pub struct TemplateBody {
    #[serde(default)]
    name: Field<String>,
    /// MARKETING, UTILITY or AUTHENTICATION
    #[serde(default)]
    category: Field<String>,
    /// The platform's code for it, such as `en` or `pt_BR`
    #[serde(default)]
    language: Field<String>,
    /// One of them the BODY with its text
    #[serde(default)]
    components: Field<Vec<Value>>,
}

impl TemplateBody {
    fn fields(self, check: &mut Check) -> Result<ChangeTemplate, Noted> {
        let Self { name, category, language, components } = self;
        let title = check.optional::<Name>("name", name);
        if let Ok(Some(title)) = &title
            && title.as_str().chars().count() < SHORTEST_NAME
        {
            check.note("name", "must be at least 3 characters long");
        }
        let category = check.value("category", category).map(|text| text.map(|text| text.to_uppercase()));
        if let Ok(Some(category)) = &category
            && !CATEGORIES.contains(&category.as_str())
        {
            check.note("category", format!("must be one of {}", CATEGORIES.join(" ")));
        }
        let language = check.value("language", language);
        if let Ok(Some(language)) = &language
            && !(LANGUAGE.contains(&language.len()) && language.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
        {
            check.note("language", "must be a language's code, such as en or pt_BR");
        }
        let components = check.value("components", components);
        let components = components.and_then(|list| list.map(|list| read(check, list)).transpose());
        Ok(ChangeTemplate {
            title: title?.map(Name::into_string),
            category: category?,
            language: language?,
            components: components?,
        })
    }

    pub fn read_new(self) -> Result<NewTemplate, ServiceError> {
        let mut check = Check::default();
        let Ok(fields) = self.fields(&mut check) else { return check.finish(|| Err(Noted)) };
        let ChangeTemplate { title, category, language, components } = fields;
        let mut need = |name: &str, is_there: bool| {
            if !is_there {
                check.note(name, "is required");
            }
        };
        need("name", title.is_some());
        need("category", category.is_some());
        need("language", language.is_some());
        need("components", components.is_some());
        check.finish(|| {
            Ok(NewTemplate {
                title: title.ok_or(Noted)?,
                category: category.ok_or(Noted)?,
                language: language.ok_or(Noted)?,
                components: components.ok_or(Noted)?,
            })
        })
    }

    pub fn read_change(self) -> Result<ChangeTemplate, ServiceError> {
        let mut check = Check::default();
        let fields = self.fields(&mut check);
        if let Ok(ChangeTemplate { title: None, category: None, language: None, components: None }) = &fields {
            check.note("name", "or another field is required");
        }
        check.finish(|| fields)
    }
}

/// In the platform's form: a header that says no format is a text.
fn read(check: &mut Check, mut list: Vec<Value>) -> Result<Value, Noted> {
    let kind = |part: &Value| part.get("type").and_then(Value::as_str).map(str::to_uppercase);
    let has_text = |part: &Value| part.get("text").and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty());
    if !list.iter().any(|part| kind(part).as_deref() == Some("BODY") && has_text(part)) {
        return Err(check.note("components", "must have a BODY with its text"));
    }
    for part in &mut list {
        let Some(word) = kind(part) else { return Err(check.note("components", "must each have a type")) };
        let Some(fields) = part.as_object_mut() else { continue };
        if word == "HEADER" && !fields.contains_key("format") {
            fields.insert("format".to_owned(), "TEXT".into());
        }
        fields.insert("type".to_owned(), word.into());
    }
    let list = Value::Array(list);
    if is_storable(&list) { Ok(list) } else { Err(check.note("components", NO_NUL)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(value: Value) -> TemplateBody {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_new_template_has_a_body() {
        let whole = json!({"name": "welcome", "category": "marketing", "language": "en", "components": [
            {"type": "HEADER", "text": "Welcome!"}, {"type": "body", "text": "Hello {{1}}"},
        ]});
        let new = body(whole).read_new().unwrap();
        assert_eq!((new.title.as_str(), new.category.as_str(), new.language.as_str()), ("welcome", "MARKETING", "en"));
        let expected = json!([
            {"type": "HEADER", "format": "TEXT", "text": "Welcome!"}, {"type": "BODY", "text": "Hello {{1}}"},
        ]);
        assert_eq!(new.components, expected);
    }

    #[test]
    fn what_is_wrong_is_told() {
        let told = |value: Value| body(value).read_new().unwrap_err().to_string();
        assert_eq!(
            told(json!({})),
            "name: is required; category: is required; language: is required; components: is required"
        );
        assert_eq!(
            told(json!({"name": "ab", "category": "X", "language": "e", "components": []})),
            "name: must be at least 3 characters long; category: must be one of MARKETING UTILITY AUTHENTICATION; \
             language: must be a language's code, such as en or pt_BR; components: must have a BODY with its text"
        );
        assert_eq!(body(json!({})).read_change().unwrap_err().to_string(), "name: or another field is required");
        assert!(body(json!({"name": "other"})).read_change().is_ok());
    }
}
