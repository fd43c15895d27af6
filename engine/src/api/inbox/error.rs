//! Problems in the inbox's words: `{success: false, message, error: {code,
//! details?}}`, where the details of a validation error are its fields.

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde_json::{Value, json};

use crate::{
    api::problem::{Problem, Shape},
    realtime::Ended,
    service::{FieldProblem, ServiceError},
};

pub const CURSOR_TOO_OLD: &str = "CURSOR_TOO_OLD";

pub const SHAPE: Shape = Shape(body);

fn body(problem: &Problem) -> Value {
    let Problem { status: _, code, message, fields, id, retry_after: _, allow: _ } = problem;
    let details: Option<Value> = match (fields.as_slice(), id) {
        ([], None) => None,
        ([], Some(id)) if *code == CURSOR_TOO_OLD => Some(json!({"cursor": id})),
        ([], Some(id)) => Some(json!({"id": id})),
        (fields, _) => Some(fields.iter().map(field).collect()),
    };
    let error = match details {
        Some(details) => json!({"code": code, "details": details}),
        None => json!({"code": code}),
    };
    json!({"success": false, "message": message, "error": error})
}

fn field(problem: &FieldProblem) -> Value {
    json!({"field": problem.field, "message": problem.problem})
}

/// What a handler of this dialect fails with.
#[derive(Debug)]
pub struct Error(Box<Problem>);

impl From<ServiceError> for Error {
    fn from(error: ServiceError) -> Self {
        Problem::from(error).into()
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl From<Ended> for Error {
    fn from(ended: Ended) -> Self {
        let message = ended.to_string();
        match ended {
            Ended::CursorTooOld { newest } => {
                let refused = Problem::from(ServiceError::Refused { code: CURSOR_TOO_OLD, message });
                Problem { status: StatusCode::GONE, id: Some(newest.to_string()), ..refused }.into()
            }
            Ended::Store(error) => ServiceError::from(error).into(),
            Ended::TooSlow | Ended::Stopping => ServiceError::unavailable().into(),
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        SHAPE.answer(&self.0)
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
        let error = Error::from(Ended::CursorTooOld { newest: 7 });
        assert_eq!(error.status_code(), 410);
        assert_eq!(body(&error.0)["error"], json!({"code": "CURSOR_TOO_OLD", "details": {"cursor": "7"}}));
    }
}
