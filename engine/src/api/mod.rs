//! The HTTP surface: four dialects over one service layer, and `/ops`.
//!
//! A dialect is a module with a shape for its errors (`problem::Shape`) and a list
//! of endpoints (`endpoint::Endpoint`) per scope. Scopes do not fall through, so
//! the order here decides what a path means: `/ops`, inbox at `/api/v1`, then
//! business and sessions at `/api`, helpdesk last. A snapshot of the whole table
//! guards it. What a dialect's routes say of themselves is served below `/api/docs`.

mod business;
mod business_socket;
mod description;
mod docs;
mod door;
mod endpoint;
mod farewell;
mod fields;
mod guard;
mod helpdesk;
mod idempotency;
mod inbox;
mod media;
mod ops;
mod pages;
mod period;
mod problem;
mod range;
mod repeatable;
mod sessions;
mod webhook;

use actix_cors::Cors;
use actix_web::{
    Scope,
    http::header,
    middleware::DefaultHeaders,
    web::{self, Data, JsonConfig, PathConfig, QueryConfig, ServiceConfig},
};

use crate::{app::App, config, service::ServiceError};
use description::{Described, endpoints};
use endpoint::{Endpoint, mount, no_route};
use problem::{Problem, Rejected, Shape};

const PREFLIGHT_SECONDS: usize = 3_600;

/// What surrounds every answer.
pub fn outer(app: &Data<App>) -> DefaultHeaders {
    security_headers(&app.config.server)
}

/// Everything this process answers.
pub fn routes(services: &mut ServiceConfig, app: Data<App>) {
    let server = &app.config.server;
    let mut root = web::scope("").app_data(helpdesk::SHAPE).default_service(web::to(no_route));
    for (prefix, shape, endpoints) in table() {
        root = root.service(mount(dialect(prefix, shape, server), endpoints));
    }
    let root = root.wrap(cors(server));
    services.app_data(app).service(root);
}

fn table() -> Vec<(&'static str, Shape, Vec<Endpoint>)> {
    let (uploads, upload) = business::uploads();
    let mut table = vec![
        ("/ops", ops::SHAPE, endpoints(ops::endpoints())),
        ("/api/docs", helpdesk::SHAPE, docs::endpoints()),
        (uploads, business::SHAPE, endpoints(upload)),
        ("/api/media", media::SHAPE, media::uploads()),
        ("/media", media::SHAPE, media::files()),
        ("/socket.io", business_socket::SHAPE, business_socket::endpoints()),
    ];
    for (shape, scopes) in [
        (inbox::SHAPE, inbox::scopes()),
        (door::SHAPE, vec![("/api", beside(business::endpoints(), sessions::endpoints()))]),
        (helpdesk::SHAPE, helpdesk::scopes()),
    ] {
        table.extend(scopes.into_iter().map(|(prefix, described)| (prefix, shape, endpoints(described))));
    }
    table
}

/// Two dialects in one scope: what a scope does not have is not looked for in another. What both have is mounted once.
fn beside(one: Vec<Described>, other: Vec<Described>) -> Vec<Described> {
    let is_known = |described: &Described| one.iter().any(|known| known.endpoint.is_at(&described.endpoint));
    let more: Vec<_> = other.into_iter().filter(|described| !is_known(described)).collect();
    one.into_iter().chain(more).collect()
}

/// A scope in which whatever is wrong with a request is told in its dialect.
fn dialect(prefix: &str, shape: Shape, server: &config::Server) -> Scope {
    let json = JsonConfig::default().limit(server.json_body_bytes).content_type_required(false).content_type(|_| true);
    web::scope(prefix)
        .app_data(shape)
        .app_data(json.error_handler(|error, request| Rejected::new(request, body_problem(&error)).into()))
        .app_data(PathConfig::default().error_handler(|_, request| {
            Rejected::new(request, Problem::no_route(request.method(), request.path())).into()
        }))
        .app_data(QueryConfig::default().error_handler(|error, request| {
            Rejected::new(request, Problem::malformed(format!("the query cannot be read: {error}"))).into()
        }))
        .default_service(web::to(no_route))
}

fn body_problem(error: &actix_web::error::JsonPayloadError) -> Problem {
    use actix_web::error::JsonPayloadError as Error;
    match error {
        Error::Overflow { .. } | Error::OverflowKnownLength { .. } => ServiceError::TooLarge.into(),
        Error::Deserialize(error) => {
            Problem::malformed(format!("the body is not the JSON object it should be: {error}"))
        }
        error => Problem::malformed(format!("the body cannot be read: {error}")),
    }
}

/// An answer is data: nothing in it is to be run, framed, guessed at or kept.
fn security_headers(server: &config::Server) -> DefaultHeaders {
    let headers = DefaultHeaders::new()
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((header::X_FRAME_OPTIONS, "DENY"))
        .add((header::REFERRER_POLICY, "no-referrer"))
        .add((header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"))
        .add((header::CACHE_CONTROL, "no-store"));
    if server.public_url.starts_with("https://") {
        headers.add((header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"))
    } else {
        headers
    }
}

/// Which pages of other origins a browser lets call us. Callers carry a token, never a cookie.
fn cors(server: &config::Server) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers(["authorization", "content-type", "idempotency-key"])
        .expose_headers([
            "x-total-count",
            "x-next-cursor",
            "link",
            "idempotency-replayed",
            "ratelimit-limit",
            "ratelimit-remaining",
            "ratelimit-reset",
            "retry-after",
        ])
        .max_age(PREFLIGHT_SECONDS);
    server.cors_origins.iter().fold(cors, |cors, origin| match origin.as_str() {
        "*" => cors.allow_any_origin().send_wildcard(),
        origin => cors.allowed_origin(origin),
    })
}

#[cfg(test)]
mod tests;
