//! Problems in the inbox's words: `{success: false, message, error: {code,
//! details?}}`, where the details of a validation error are its fields.

use actix_web::http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    api::{
        description::schema_of,
        problem::{self, Dialect, Problem, Shape},
    },
    realtime::Ended,
    service::{FieldProblem, ServiceError},
};

pub const CURSOR_TOO_OLD: &str = "CURSOR_TOO_OLD";

#[derive(Debug)]
pub struct Inbox;

impl Dialect for Inbox {
    const SHAPE: Shape = Shape(body);
}

pub const SHAPE: Shape = Inbox::SHAPE;
pub type Error = problem::Error<Inbox>;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
struct Body<'a> {
    success: bool,
    message: &'a str,
    error: Reason<'a>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Reason<'a> {
    code: &'a str,
    /// What is wrong with each field, or what else belongs to the code
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Value>,
}

pub fn problem_schema(generator: &mut SchemaGenerator) -> Schema {
    schema_of::<Body>(generator)
}

fn body(problem: &Problem) -> Value {
    let Problem { status: _, code, message, fields, id, retry_after: _, allow: _, path: _ } = problem;
    let details: Option<Value> = match (fields.as_slice(), id) {
        ([], None) => None,
        ([], Some(id)) if *code == CURSOR_TOO_OLD => Some(json!({"cursor": id})),
        ([], Some(id)) => Some(json!({"id": id})),
        (fields, _) => Some(fields.iter().map(field).collect()),
    };
    json!(Body { success: false, message, error: Reason { code, details } })
}

fn field(problem: &FieldProblem) -> Value {
    json!({"field": problem.field, "message": problem.problem})
}

impl From<Ended> for Problem {
    fn from(ended: Ended) -> Self {
        let message = ended.to_string();
        match ended {
            Ended::CursorTooOld { newest } => {
                let refused = Problem::from(ServiceError::Refused { code: CURSOR_TOO_OLD, message });
                Problem { status: StatusCode::GONE, id: Some(newest.to_string()), ..refused }
            }
            Ended::Store(error) => ServiceError::from(error).into(),
            Ended::TooSlow | Ended::Stopping => ServiceError::unavailable().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_validation_error_lists_its_fields() {
        assert_eq!(
            body(&ServiceError::invalid("email", "must be an e-mail address").into()),
            json!({
                "success": false,
                "message": "email: must be an e-mail address",
                "error": {
                    "code": "VALIDATION_ERROR",
                    "details": [{"field": "email", "message": "must be an e-mail address"}],
                },
            })
        );
    }

    #[test]
    fn any_other_error_has_a_code() {
        assert_eq!(
            body(&ServiceError::NotFound("conversation").into()),
            json!({
                "success": false,
                "message": "there is no such conversation",
                "error": {"code": "NOT_FOUND"},
            })
        );
    }

    #[test]
    fn who_comes_too_late_is_told_where_to_go_on() {
        let error = Problem::from(Ended::CursorTooOld { newest: 7 });
        assert_eq!(error.status, 410);
        assert_eq!(body(&error)["error"], json!({"code": "CURSOR_TOO_OLD", "details": {"cursor": "7"}}));
    }
}
