//! Problems in the words of sessions: `{error, message}`, where `error` is the type for people, and a validation error
//! has `details` with a line per field.

use actix_web::http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

use crate::{
    api::{
        description::schema_of,
        problem::{self, Dialect, Problem, Shape},
    },
    service::FieldProblem,
};

/// The password is right, and the account is switched off.
pub const ACCOUNT_DEACTIVATED: &str = "ACCOUNT_DEACTIVATED";
/// Of a login.
pub const AUTHENTICATION_FAILED: &str = "AUTHENTICATION_FAILED";

#[derive(Debug)]
pub struct Sessions;

impl Dialect for Sessions {
    const SHAPE: Shape = Shape(body);
}

pub const SHAPE: Shape = Sessions::SHAPE;
pub type Error = problem::Error<Sessions>;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
struct Body<'a> {
    error: &'a str,
    message: String,
    code: &'a str,
    /// What stands in the way, in a conflict.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<Detail<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProblemDetail")]
struct Detail<'a> {
    path: &'a str,
    msg: &'a str,
}

pub fn problem_schema(generator: &mut SchemaGenerator) -> Schema {
    schema_of::<Body>(generator)
}

pub fn body(problem: &Problem) -> Value {
    let Problem { status, code, message, fields, id, retry_after: _, allow: _, path: _ } = problem;
    let details: Vec<_> =
        fields.iter().map(|FieldProblem { field, problem }| Detail { path: field, msg: problem }).collect();
    // The first is shown to people, the rest is for those who look.
    let message = fields.first().map_or_else(|| message.clone(), ToString::to_string);
    serde_json::json!(Body { error: word(*status, code), message, code, id: id.as_deref(), details })
}

fn word(status: StatusCode, code: &str) -> &'static str {
    match (status, code) {
        (_, ACCOUNT_DEACTIVATED) => "Account Deactivated",
        (_, AUTHENTICATION_FAILED) => "Authentication Failed",
        (_, "VALIDATION_ERROR") => "Validation Error",
        (StatusCode::BAD_GATEWAY, _) => "WAHA Error",
        (status, _) => status.canonical_reason().unwrap_or("Error"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::service::ServiceError;

    #[test]
    fn a_validation_error_tells_the_first_field_and_lists_all() {
        let field = |field: &str, problem: &str| FieldProblem { field: field.into(), problem: problem.into() };
        let problems = vec![field("username", "is required"), field("password", "is required")];
        assert_eq!(
            body(&ServiceError::Invalid(problems).into()),
            json!({
                "error": "Validation Error",
                "message": "username: is required",
                "code": "VALIDATION_ERROR",
                "details": [
                    {"path": "username", "msg": "is required"},
                    {"path": "password", "msg": "is required"},
                ],
            })
        );
    }

    #[test]
    fn each_status_has_its_word() {
        let word = |error: ServiceError| body(&error.into())["error"].as_str().unwrap().to_owned();
        assert_eq!(word(ServiceError::Unauthenticated("m".into())), "Unauthorized");
        assert_eq!(word(ServiceError::Forbidden("m".into())), "Forbidden");
        assert_eq!(word(ServiceError::NotFound("session")), "Not Found");
        assert_eq!(word(ServiceError::conflict("EXISTS", "m")), "Conflict");
        assert_eq!(word(ServiceError::Platform("m".into())), "WAHA Error");
        assert_eq!(word(ServiceError::Internal("m".into())), "Internal Server Error");
    }
}
