//! The fields of a request's body and query. A body's type says what there can
//! be ([`Field`]); reading it says what there must be, and gathers a sentence
//! for every field that is not as it should be ([`Check`]).
//!
//! ```ignore
//! let Body { name, email } = body;
//! let mut check = Check::default();
//! let (name, email) = (check.required("name", name), check.optional("email", email));
//! check.finish(|| Ok(Input { name: name?, email: email? }))
//! ```

use std::{borrow::Cow, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::service::{
    FieldProblem, ServiceError,
    fields::{FromText, NO_NUL, is_storable},
};

/// What a body has in a field. A wrong type is kept as a sentence, so that one bad field does not hide others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Field<T> {
    #[default]
    Absent,
    Null,
    Given(T),
    Wrong(String),
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Null => Self::Null,
            value => T::deserialize(value).map_or_else(|error| Self::Wrong(error.to_string()), Self::Given),
        })
    }
}

/// A body's schema says what is accepted.
impl<T: JsonSchema> JsonSchema for Field<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

impl<T> From<Option<T>> for Field<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Self::Given)
    }
}

/// A problem with a field was noted: there is no value to go on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noted;

#[derive(Debug, Default)]
pub struct Check {
    problems: Vec<FieldProblem>,
}

impl Check {
    /// A text that must be there, as what it stands for.
    pub fn required<T: FromText>(&mut self, name: &str, field: Field<String>) -> Result<T, Noted> {
        match self.optional(name, field)? {
            Some(value) => Ok(value),
            None => Err(self.note(name, "is required")),
        }
    }

    /// A text that may be there; null stands for its absence.
    pub fn optional<T: FromText>(&mut self, name: &str, field: Field<String>) -> Result<Option<T>, Noted> {
        let text = self.value(name, field)?;
        text.map(|text| T::from_text(&text)).transpose().map_err(|problem| self.note(name, problem))
    }

    /// A value that may be there; null stands for its absence.
    pub fn value<T>(&mut self, name: &str, field: Field<T>) -> Result<Option<T>, Noted> {
        self.nullable(name, field).map(Option::flatten)
    }

    /// A value that must be there.
    pub fn required_value<T>(&mut self, name: &str, field: Field<T>) -> Result<T, Noted> {
        match self.value(name, field)? {
            Some(value) => Ok(value),
            None => Err(self.note(name, "is required")),
        }
    }

    /// A value for which null has a meaning of its own.
    #[expect(clippy::option_option, reason = "absent, null and given are three things")]
    pub fn nullable<T>(&mut self, name: &str, field: Field<T>) -> Result<Option<Option<T>>, Noted> {
        match field {
            Field::Absent => Ok(None),
            Field::Null => Ok(Some(None)),
            Field::Given(value) => Ok(Some(Some(value))),
            Field::Wrong(problem) => Err(self.note(name, problem)),
        }
    }

    /// An object of the caller's own making.
    pub fn object(&mut self, name: &str, field: Field<Map<String, Value>>) -> Result<Option<Value>, Noted> {
        match self.value(name, field)?.map(Value::Object) {
            Some(object) if !is_storable(&object) => Err(self.note(name, NO_NUL)),
            object => Ok(object),
        }
    }

    /// A word of the query with a form of its own, such as an id or one word of a set.
    pub fn parsed<T: FromStr>(&mut self, name: &str, text: Option<String>, allowed: &str) -> Result<Option<T>, Noted> {
        let parsed = text.filter(|text| !text.is_empty()).map(|text| text.parse()).transpose();
        parsed.map_err(|_| self.note(name, format!("must be {allowed}")))
    }

    /// Refuses what is not known, where a mistyped field must not be overlooked.
    pub fn nothing_else(&mut self, rest: &Map<String, Value>) {
        for name in rest.keys() {
            self.note(name, "is not a known field");
        }
    }

    pub fn note(&mut self, field: &str, problem: impl Into<String>) -> Noted {
        self.problems.push(FieldProblem { field: field.to_owned(), problem: problem.into() });
        Noted
    }

    /// The whole, when no field was bad; else every problem.
    pub fn finish<T>(self, whole: impl FnOnce() -> Result<T, Noted>) -> Result<T, ServiceError> {
        match whole() {
            Ok(whole) if self.problems.is_empty() => Ok(whole),
            _ => Err(ServiceError::Invalid(self.problems)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::service::fields::{EmailAddress, Name};

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        #[serde(default)]
        org_name: Field<String>,
        #[serde(default)]
        email: Field<String>,
        #[serde(default)]
        assignee: Field<String>,
        #[serde(flatten)]
        rest: Map<String, Value>,
    }

    type Read = (Name, Option<EmailAddress>, Option<Option<String>>);

    fn read(body: Value) -> Result<Read, ServiceError> {
        let Body { org_name, email, assignee, rest } = serde_json::from_value(body).unwrap();
        let mut check = Check::default();
        check.nothing_else(&rest);
        let (name, email) = (check.required("orgName", org_name), check.optional("email", email));
        let assignee = check.nullable("assignee", assignee);
        check.finish(|| Ok((name?, email?, assignee?)))
    }

    #[test]
    fn every_bad_field_has_its_sentence() {
        let Err(ServiceError::Invalid(problems)) = read(json!({"orgName": 5, "email": "x", "extra": 1})) else {
            panic!("accepted")
        };
        let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "extra: is not a known field",
                "orgName: invalid type: integer `5`, expected a string",
                "email: must be an e-mail address",
            ]
        );
    }

    #[test]
    fn absent_null_and_given_are_three_things() {
        let assignee = |body| read(body).unwrap().2;
        assert_eq!(assignee(json!({"orgName": "a"})), None);
        assert_eq!(assignee(json!({"orgName": "a", "assignee": null})), Some(None));
        assert_eq!(assignee(json!({"orgName": "a", "assignee": "b"})), Some(Some("b".into())));
        assert!(read(json!({"orgName": null})).is_err());
    }
}
