//! What a campaign says: a text with places, or a template of the platform
//! whose parameters have places. Both are checked when they are written, so
//! that a mistake is told once and not found with every recipient.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    platform::{Content, Detail, TemplateUse},
    sending::MAX_TEXT_CHARS,
    variables::{self, UnknownVariable},
};

/// The longest text of a campaign, before its values are put in.
pub const MOST_TEMPLATE_CHARS: usize = 16_384;
/// The most places in one text.
pub const MOST_PLACES: usize = 100;
/// How deep a template's parameters may be nested, and how much they may say.
const DEEPEST: usize = 8;

/// What a campaign says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wording {
    /// For a template of the platform: what people see of it here.
    pub text: String,
    pub template: Option<TemplateUse>,
}

/// What places may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names<'a> {
    pub campaign: &'a str,
    pub channel: &'a str,
    pub organisation: &'a str,
}

/// Whom it is said to; what is not known is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addressee {
    pub name: String,
    pub phone: String,
    pub email: String,
    pub username: String,
    pub company: String,
    pub title: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error(transparent)]
    Unknown(#[from] UnknownVariable),
    #[error("the text is longer than {MAX_TEXT_CHARS} characters with its values")]
    TooLong,
    #[error("must be at most {MOST_TEMPLATE_CHARS} characters long")]
    TemplateTooLong,
    #[error("must have at most {MOST_PLACES} places for values")]
    TooManyPlaces,
    #[error("must not be nested so deep")]
    TooDeep,
}

impl Addressee {
    fn first_name(&self) -> &str {
        self.name.split_whitespace().next().unwrap_or_default()
    }

    fn value<'a>(&'a self, names: &Names<'a>, place: &str) -> Option<&'a str> {
        Some(match place.strip_prefix("customer.").or_else(|| place.strip_prefix("contact.")).unwrap_or(place) {
            "name" => &self.name,
            "firstName" | "first_name" => self.first_name(),
            "phone" => &self.phone,
            "email" => &self.email,
            "username" => &self.username,
            "company" => &self.company,
            "title" => &self.title,
            "campaign.name" => names.campaign,
            "channel.name" => names.channel,
            "organisation.name" => names.organisation,
            _ => return None,
        })
    }
}

impl Wording {
    /// # Errors
    /// What is wrong with it, whoever it is said to.
    pub fn check(&self) -> Result<(), TextError> {
        if let Some(template) = &self.template {
            depth(&template.parameters, DEEPEST)?;
            let text = template.parameters.to_string();
            return bounded(&text).and_then(|()| self.content(&Addressee::default(), &NOBODY).map(drop));
        }
        bounded(&self.text)?;
        self.content(&Addressee::default(), &NOBODY).map(drop)
    }

    /// What this recipient is told.
    ///
    /// # Errors
    /// Where values make it too long.
    pub fn content(&self, to: &Addressee, names: &Names<'_>) -> Result<Content, TextError> {
        let Some(template) = &self.template else { return Ok(Content::text(filled(&self.text, to, names)?)) };
        let parameters = with_values(&template.parameters, to, names)?;
        let detail = TemplateUse { parameters, ..template.clone() };
        Ok(Content { detail: Some(Detail::Template(detail)), ..Content::default() })
    }
}

const NOBODY: Names<'static> = Names { campaign: "", channel: "", organisation: "" };

fn bounded(text: &str) -> Result<(), TextError> {
    if text.chars().count() > MOST_TEMPLATE_CHARS {
        return Err(TextError::TemplateTooLong);
    }
    if text.matches("{{").count() > MOST_PLACES { Err(TextError::TooManyPlaces) } else { Ok(()) }
}

fn depth(value: &Value, left: usize) -> Result<(), TextError> {
    let left = left.checked_sub(1).ok_or(TextError::TooDeep)?;
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| depth(item, left)),
        Value::Object(fields) => fields.values().try_for_each(|field| depth(field, left)),
        _ => Ok(()),
    }
}

fn filled(text: &str, to: &Addressee, names: &Names<'_>) -> Result<String, TextError> {
    let filled = variables::render(text, |place| to.value(names, place))?;
    if filled.chars().count() > MAX_TEXT_CHARS { Err(TextError::TooLong) } else { Ok(filled) }
}

/// Every text in it with its values; [`depth`] has seen to it that this ends.
fn with_values(value: &Value, to: &Addressee, names: &Names<'_>) -> Result<Value, TextError> {
    Ok(match value {
        Value::String(text) => Value::String(filled(text, to, names)?),
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| with_values(item, to, names)).collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| Ok((name.clone(), with_values(value, to, names)?));
            Value::Object(fields.iter().map(field).collect::<Result<_, TextError>>()?)
        }
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(text: &str) -> Wording {
        Wording { text: text.into(), template: None }
    }

    fn ana() -> Addressee {
        Addressee { name: "Ana Lima".into(), phone: "+4915112345678".into(), ..Addressee::default() }
    }

    const NAMES: Names<'static> = Names { campaign: "Spring", channel: "Mock", organisation: "Acme" };

    #[test]
    fn everybody_is_told_their_own() {
        let wording = text(
            "Hi {{ firstName }} ({{customer.name}}, {{contact.phone}}), {{campaign.name}} at {{organisation.name}} {{channel.name}}",
        );
        wording.check().unwrap();
        let told = wording.content(&ana(), &NAMES).unwrap();
        assert_eq!(told, Content::text("Hi Ana (Ana Lima, +4915112345678), Spring at Acme Mock"));
    }

    #[test]
    fn what_is_not_known_has_another_word_where_one_is_given() {
        let wording = text("Hi {{name|friend}}, {{company}}!");
        assert_eq!(wording.content(&Addressee::default(), &NAMES).unwrap(), Content::text("Hi friend, !"));
        assert_eq!(wording.content(&ana(), &NAMES).unwrap(), Content::text("Hi Ana Lima, !"));
    }

    #[test]
    fn mistakes_are_told_when_it_is_written() {
        let error = text("Hi {{nickname}}").check().unwrap_err();
        assert_eq!(error.to_string(), "{{nickname}} stands for nothing that is known here");
        assert_eq!(text(&"x".repeat(MOST_TEMPLATE_CHARS + 1)).check(), Err(TextError::TemplateTooLong));
        assert_eq!(text(&"{{name}}".repeat(MOST_PLACES + 1)).check(), Err(TextError::TooManyPlaces));
        assert_eq!(text(&"{{name}}".repeat(MOST_PLACES)).check(), Ok(()));
    }

    #[test]
    fn values_do_not_make_a_text_grow_without_end() {
        let long = Addressee { name: "x".repeat(MAX_TEXT_CHARS), ..Addressee::default() };
        assert_eq!(text("{{name}}!").content(&long, &NAMES), Err(TextError::TooLong));
    }

    fn template(parameters: Value) -> Wording {
        let template = TemplateUse { name: "offer".into(), language: "en".into(), parameters };
        Wording { text: String::new(), template: Some(template) }
    }

    #[test]
    fn a_template_has_its_values_in_its_parameters() {
        let wording = template(json!(["{{firstName}}", {"type": "text", "text": "{{channel.name}}"}, 5]));
        wording.check().unwrap();
        let told = wording.content(&ana(), &NAMES).unwrap();
        let Some(Detail::Template(used)) = told.detail else { panic!("not a template") };
        assert_eq!(used.parameters, json!(["Ana", {"type": "text", "text": "Mock"}, 5]));
        assert_eq!((used.name.as_str(), used.language.as_str(), told.text), ("offer", "en", None));
        assert!(template(json!({"body": ["{{nickname}}"]})).check().is_err());
    }

    #[test]
    fn parameters_are_bounded() {
        let nested = (0..20).fold(json!("x"), |inner, _| json!([inner]));
        assert_eq!(template(nested).check(), Err(TextError::TooDeep));
        assert_eq!(template(json!(["x".repeat(MOST_TEMPLATE_CHARS)])).check(), Err(TextError::TemplateTooLong));
    }
}
