//! What is wrong with a request, as HTTP says it. The status is decided here for
//! every dialect; a [`Shape`] is how one dialect writes it down.

use std::{fmt::Debug, marker::PhantomData, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use serde_json::{Value, json};

use crate::service::{FieldProblem, ServiceError};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub status: StatusCode,
    /// For machines.
    pub code: &'static str,
    /// For people.
    pub message: String,
    pub fields: Vec<FieldProblem>,
    /// What stands in the way, in a conflict.
    pub id: Option<String>,
    pub retry_after: Option<Duration>,
    /// The methods that there are, where another was used.
    pub allow: Option<String>,
    /// Where nothing is.
    pub path: Option<String>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, code, message, fields: vec![], id: None, retry_after: None, allow: None, path: None }
    }

    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    pub fn no_route(method: &Method, path: &str) -> Self {
        let message = format!("Cannot {method} {path}");
        Self { path: Some(path.to_owned()), ..Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message) }
    }

    pub fn method_not_allowed(method: &Method, path: &str, allow: String) -> Self {
        let message = format!("Cannot {method} {path}; there is {allow}");
        Self { allow: Some(allow), ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message) }
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        let message = error.to_string();
        match error {
            ServiceError::Invalid(fields) => {
                Self { fields, ..Self::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", message) }
            }
            ServiceError::Unauthenticated(_) => Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message),
            ServiceError::Forbidden(_) => Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", message),
            ServiceError::NotFound(_) => Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message),
            ServiceError::Conflict { code, id, .. } => Self { id, ..Self::new(StatusCode::CONFLICT, code, message) },
            ServiceError::Refused { code, .. } => Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message),
            ServiceError::TooLarge => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", message),
            ServiceError::TooMany { retry_after, .. } => Self {
                retry_after: Some(retry_after),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", message)
            },
            ServiceError::Unavailable { retry_after } => Self {
                retry_after: Some(retry_after),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message)
            },
            ServiceError::Platform(_) => Self::new(StatusCode::BAD_GATEWAY, "PLATFORM_ERROR", message),
            ServiceError::Internal(error) => {
                tracing::error!(%error, "a call failed");
                let message = "Something went wrong on our side; it has been logged";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", message)
            }
        }
    }
}

/// How a dialect writes a problem down: the JSON body. Part of each scope's data.
#[derive(Clone, Copy)]
pub struct Shape(pub fn(&Problem) -> Value);

impl Shape {
    pub fn of(request: &HttpRequest) -> Self {
        request.app_data::<Self>().copied().unwrap_or(Self(|problem| json!({"message": problem.message})))
    }

    pub fn answer(self, problem: &Problem) -> HttpResponse {
        let mut answer = HttpResponse::build(problem.status);
        if let Some(wait) = problem.retry_after {
            answer.insert_header((RETRY_AFTER, wait.as_secs().max(1).to_string()));
        }
        if let Some(allow) = &problem.allow {
            answer.insert_header((ALLOW, allow.clone()));
        }
        if problem.status == StatusCode::UNAUTHORIZED {
            answer.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        answer.json((self.0)(problem))
    }

    /// Ends a request that a middleware does not let through.
    pub fn refuse(request: ServiceRequest, problem: impl Into<Problem>) -> ServiceResponse {
        let answer = Self::of(request.request()).answer(&problem.into());
        request.into_response(answer)
    }
}

/// A dialect, as far as its errors go.
pub trait Dialect: Debug + 'static {
    const SHAPE: Shape;
}

/// What a handler of a dialect fails with.
#[derive(Debug)]
pub struct Error<D>(Box<Problem>, PhantomData<D>);

impl<D, P: Into<Problem>> From<P> for Error<D> {
    fn from(problem: P) -> Self {
        Self(Box::new(problem.into()), PhantomData)
    }
}

impl<D> std::fmt::Display for Error<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl<D: Dialect> ResponseError for Error<D> {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        D::SHAPE.answer(&self.0)
    }
}

/// A problem found before the handler, by what takes the request apart.
#[derive(Debug)]
pub struct Rejected {
    problem: Box<Problem>,
    shape: Shape,
}

impl Rejected {
    pub fn new(request: &HttpRequest, problem: impl Into<Problem>) -> Self {
        Self { problem: Box::new(problem.into()), shape: Shape::of(request) }
    }
}

impl std::fmt::Debug for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shape")
    }
}

impl std::fmt::Display for Rejected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.problem.message)
    }
}

impl ResponseError for Rejected {
    fn status_code(&self) -> StatusCode {
        self.problem.status
    }

    fn error_response(&self) -> HttpResponse {
        self.shape.answer(&self.problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_faults_are_not_told_to_callers() {
        let problem = Problem::from(ServiceError::Internal("relation \"secrets\" does not exist".into()));
        assert_eq!(problem.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!problem.message.contains("secrets"));
    }

    #[test]
    fn a_caller_who_has_to_wait_is_told_how_long() {
        let wait = Duration::from_millis(200);
        let problem = ServiceError::Unavailable { retry_after: wait }.into();
        let answer = Shape(|_| Value::Null).answer(&problem);
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers().get(RETRY_AFTER).unwrap(), "1");
    }

    #[test]
    fn each_kind_of_error_has_its_status() {
        let status = |error: ServiceError| Problem::from(error).status.as_u16();
        assert_eq!(status(ServiceError::invalid("a", "b")), 400);
        assert_eq!(status(ServiceError::Unauthenticated("a".into())), 401);
        assert_eq!(status(ServiceError::Forbidden("a".into())), 403);
        assert_eq!(status(ServiceError::NotFound("ticket")), 404);
        assert_eq!(status(ServiceError::conflict("A", "b")), 409);
        assert_eq!(status(ServiceError::TooLarge), 413);
        assert_eq!(status(ServiceError::Refused { code: "A", message: "b".into() }), 422);
        assert_eq!(status(ServiceError::Platform("a".into())), 502);
        assert_eq!(status(ServiceError::TooMany { message: "a", retry_after: Duration::ZERO }), 429);
    }
}
