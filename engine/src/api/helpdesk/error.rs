//! Problems in the helpdesk's words: `{statusCode, message, error}`, where the
//! `message` of a validation error is a list with a line per field.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

use crate::api::{
    description::schema_of,
    problem::{self, Dialect, Problem, Shape},
};

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Problem")]
struct Body<'a> {
    status_code: u16,
    message: Message<'a>,
    error: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
enum Message<'a> {
    One(&'a str),
    Each(Vec<String>),
}

#[derive(Debug)]
pub struct Helpdesk;

impl Dialect for Helpdesk {
    const SHAPE: Shape = Shape(body);
}

pub const SHAPE: Shape = Helpdesk::SHAPE;
pub type Error = problem::Error<Helpdesk>;

pub fn problem_schema(generator: &mut SchemaGenerator) -> Schema {
    schema_of::<Body>(generator)
}

fn body(problem: &Problem) -> Value {
    let Problem { status, code, message, fields, id, retry_after: _, allow: _, path: _ } = problem;
    let message = match fields.as_slice() {
        [] => Message::One(message),
        fields => Message::Each(fields.iter().map(ToString::to_string).collect()),
    };
    let error = status.canonical_reason().unwrap_or("Error");
    serde_json::json!(Body { status_code: status.as_u16(), message, error, code, id: id.as_deref() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::service::{FieldProblem, ServiceError};

    #[test]
    fn a_validation_error_lists_its_fields() {
        let error = ServiceError::Invalid(vec![
            FieldProblem { field: "email".into(), problem: "must be an e-mail address".into() },
            FieldProblem { field: "name".into(), problem: "is required".into() },
        ]);
        assert_eq!(
            body(&error.into()),
            json!({
                "statusCode": 400,
                "message": ["email: must be an e-mail address", "name: is required"],
                "error": "Bad Request",
                "code": "VALIDATION_ERROR",
            })
        );
    }

    #[test]
    fn any_other_error_is_one_sentence() {
        assert_eq!(
            body(&ServiceError::NotFound("ticket").into()),
            json!({
                "statusCode": 404,
                "message": "there is no such ticket",
                "error": "Not Found",
                "code": "NOT_FOUND",
            })
        );
    }

    #[test]
    fn a_conflict_names_what_stands_in_the_way() {
        let error =
            ServiceError::Conflict { code: "TICKET_OPEN", message: "there is one".into(), id: Some("t-1".into()) };
        let body = body(&error.into());
        assert_eq!(
            (&body["statusCode"], &body["id"], &body["code"]),
            (&json!(409), &json!("t-1"), &json!("TICKET_OPEN"))
        );
    }
}
