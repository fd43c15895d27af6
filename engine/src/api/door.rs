//! The door of `/api`, behind which business and sessions live: logging in, staying logged in, who one is, and whether
//! anybody is there. The two documents give these the same addresses, and the call says which of them it means:
//! `email` or `refreshToken` is business, `username` or `refresh_token` is sessions, and a token is of the dialect it
//! was made in. Refusals carry the fields of both. Each dialect describes these addresses in its own words, with the
//! handlers that stand here.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use chrono::{DateTime, Utc};
use patchbay_domain::people;
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    business,
    description::Described,
    ops::ready,
    problem::{self, Dialect, Problem, Shape},
    sessions,
};
use crate::{app::App, auth::Principal};

#[derive(Debug)]
pub struct Door;

impl Dialect for Door {
    const SHAPE: Shape = Shape(body);
}

pub const SHAPE: Shape = Door::SHAPE;
pub type Error = problem::Error<Door>;

/// Read when it is known whose it is.
pub type Body = web::Json<Map<String, Value>>;

/// What both dialects list, each in its own words; mounted once.
pub fn shared(described: Described) -> Described {
    described.shaped(SHAPE)
}

fn body(problem: &Problem) -> Value {
    let mut body = sessions::body(problem);
    if let Some(fields) = body.as_object_mut() {
        fields.insert("success".to_owned(), false.into());
        if let Some(path) = &problem.path {
            fields.insert("path".to_owned(), path.as_str().into());
        }
    }
    body
}

pub async fn log_in(app: web::Data<App>, request: HttpRequest, body: Body) -> Result<HttpResponse, Error> {
    if body.contains_key("email") {
        return Ok(business::auth::log_in(&app, &request, read(body)?).await?);
    }
    Ok(sessions::auth::log_in(&app, &request, read(body)?).await?)
}

pub async fn refresh(app: web::Data<App>, body: Body) -> Result<HttpResponse, Error> {
    if body.contains_key("refreshToken") {
        return Ok(business::auth::refresh(&app, read(body)?).await?);
    }
    Ok(sessions::auth::refresh(&app, read(body)?).await?)
}

pub async fn log_out(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, Error> {
    Ok(match principal.dialect {
        people::Dialect::Business => business::auth::log_out(&app, &principal).await?,
        _ => sessions::auth::log_out(&app, &principal).await?,
    })
}

pub async fn me(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, Error> {
    Ok(match principal.dialect {
        people::Dialect::Business => business::auth::me(&app, &principal).await?,
        _ => sessions::auth::me(&app, &principal).await?,
    })
}

fn read<T: DeserializeOwned>(body: Body) -> Result<T, Error> {
    let read = serde_json::from_value(Value::Object(body.into_inner()));
    read.map_err(|error| Problem::malformed(error.to_string()).into())
}

/// The business document's answer, with that of sessions as its `data`.
#[derive(Serialize, JsonSchema)]
pub struct Health {
    success: bool,
    status: &'static str,
    timestamp: DateTime<Utc>,
    /// Seconds
    uptime: i64,
    environment: &'static str,
    services: BTreeMap<&'static str, &'static str>,
    data: Vitals,
}

#[derive(Serialize, JsonSchema)]
struct Vitals {
    status: &'static str,
    timestamp: DateTime<Utc>,
    /// Seconds
    uptime: i64,
}

pub async fn health(app: web::Data<App>) -> HttpResponse {
    let report = ready::report(&app).await;
    let is_ready = report.is_ready();
    let timestamp = (app.clock)();
    let uptime = (timestamp - app.started_at).num_seconds();
    let vitals = Vitals { status: if is_ready { "healthy" } else { "degraded" }, timestamp, uptime };
    let health = Health {
        success: is_ready,
        status: if is_ready { "ok" } else { "degraded" },
        timestamp,
        uptime,
        environment: "production",
        services: report.parts().map(|(name, is_up)| (name, if is_up { "up" } else { "down" })).collect(),
        data: vitals,
    };
    HttpResponse::build(if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }).json(health)
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use serde_json::json;

    use super::*;
    use crate::service::ServiceError;

    #[test]
    fn a_refusal_has_the_fields_of_both_dialects() {
        let told = body(&ServiceError::Unauthenticated("log in first".to_owned()).into());
        assert_eq!(
            told,
            json!({"success": false, "error": "Unauthorized", "message": "log in first", "code": "UNAUTHORIZED"})
        );
    }

    #[test]
    fn where_nothing_is_is_told() {
        let told = body(&Problem::no_route(&Method::GET, "/api/nothing"));
        assert_eq!((&told["success"], &told["path"]), (&json!(false), &json!("/api/nothing")), "{told}");
    }
}
