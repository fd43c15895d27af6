//! Problems in the business dialect's words: `{success: false, message, error, code}`. Its front end shows `error`, its
//! document's clients `message`: both are the same sentence.

use actix_web::http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    api::{
        description::schema_of,
        problem::{self, Dialect, Problem, Shape},
    },
    service::FieldProblem,
};

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Problem")]
struct Body<'a> {
    success: bool,
    message: &'a str,
    error: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Wrong<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    /// Where nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    /// Seconds, where there were too many calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining_tokens: Option<u32>,
}

/// A field that is not as it should be.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FieldProblem")]
struct Wrong<'a> {
    field: &'a str,
    message: &'a str,
}

#[derive(Debug)]
pub struct Business;

impl Dialect for Business {
    const SHAPE: Shape = Shape(body);
}

pub const SHAPE: Shape = Business::SHAPE;
pub type Error = problem::Error<Business>;

pub fn problem_schema(generator: &mut SchemaGenerator) -> Schema {
    schema_of::<Body>(generator)
}

fn body(problem: &Problem) -> Value {
    let Problem { status, code, message, fields, id, retry_after, allow: _, path } = problem;
    let errors = fields.iter().map(|FieldProblem { field, problem }| Wrong { field, message: problem }).collect();
    let wait = retry_after.filter(|_| *status == StatusCode::TOO_MANY_REQUESTS);
    json!(Body {
        success: false,
        message,
        error: message,
        code,
        errors,
        id: id.as_deref(),
        path: path.as_deref(),
        retry_after: wait.map(|wait| wait.as_secs().max(1)),
        // Nobody is refused while there is one.
        remaining_tokens: wait.map(|_| 0),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::service::ServiceError;

    #[test]
    fn both_texts_are_the_same_sentence() {
        assert_eq!(
            body(&ServiceError::invalid("email", "must be an e-mail address").into()),
            json!({
                "success": false,
                "message": "email: must be an e-mail address",
                "error": "email: must be an e-mail address",
                "code": "VALIDATION_ERROR",
                "errors": [{"field": "email", "message": "must be an e-mail address"}],
            })
        );
        assert_eq!(
            body(&ServiceError::NotFound("template").into()),
            json!({
                "success": false,
                "message": "there is no such template",
                "error": "there is no such template",
                "code": "NOT_FOUND",
            })
        );
    }

    #[test]
    fn who_asks_too_often_is_told_how_long_to_wait() {
        let too_many = ServiceError::TooMany { message: "wait", retry_after: Duration::from_secs(7) };
        let told = body(&too_many.into());
        assert_eq!((&told["retryAfter"], &told["remainingTokens"]), (&json!(7), &json!(0)), "{told}");
    }
}
