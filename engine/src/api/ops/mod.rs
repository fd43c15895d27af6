//! The operator's surface.
//!
//! `/ops/health` (is the process up?) and `/ops/ready` (can it do its work?) are
//! open to anybody: load balancers ask them, and they name no tenant. Metrics and
//! actors speak of every tenant, and connectors serve every tenant, so an administrator
//! of one organisation must not see or change them: they are for calls from the networks of `server.operators`, by default this machine only.
//! Dead letters are for operators, and for administrators with their token, who reach their own organisation's.
//! A call that carries a forwarding header of a proxy that is not among `server.trusted_proxies` is
//! nobody's, whatever it claims; so is one that carries `Forwarded`, which is not read here.

mod dead_letters;
mod plugins;
pub(super) mod ready;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, ContentType},
    },
    web,
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    description::{Content, Described, part, schema_of},
    endpoint::get,
    problem::{Problem, Rejected, Shape},
};
use crate::{app::App, auth::client_address, config, service::ServiceError, supervision::ActorSnapshot};

pub const SHAPE: Shape = Shape(body);

pub fn endpoints() -> Vec<Described> {
    let mut endpoints = vec![
        get("/health", health).machine().does("Is the process up?").answers::<Health>(),
        get("/ready", ready)
            .machine()
            .does("Can it do its work?")
            .answers::<ready::Report>()
            .answers_with::<ready::Report>(503),
        get("/metrics", metrics).machine().does("Figures for Prometheus").operators().says(200, Content::Text),
        get("/actors", actors).machine().does("The actors there are").operators().answers::<Vec<ActorSnapshot>>(),
    ];
    endpoints.extend(part("connectors", plugins::endpoints()));
    endpoints.extend(part("dead letters", dead_letters::endpoints()));
    endpoints
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
struct Body<'a> {
    code: &'a str,
    message: &'a str,
}

fn body(problem: &Problem) -> Value {
    json!(Body { code: problem.code, message: &problem.message })
}

pub fn problem_schema(generator: &mut SchemaGenerator) -> Schema {
    schema_of::<Body>(generator)
}

#[derive(Serialize, JsonSchema)]
struct Health {
    status: &'static str,
    version: &'static str,
}

async fn health() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

async fn ready(app: web::Data<App>) -> HttpResponse {
    let report = ready::report(&app).await;
    let status = if report.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    HttpResponse::build(status).json(report)
}

async fn metrics(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Rejected> {
    operators_only(&app, &request)?;
    Ok(HttpResponse::Ok().content_type(ContentType::plaintext()).body(app.metrics.render()))
}

async fn actors(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Rejected> {
    operators_only(&app, &request)?;
    let (ingress, sessions, conversations, campaigns) = futures_util::join!(
        app.ingress.snapshots(),
        app.sessions.snapshots(),
        app.conversations.snapshots(),
        app.campaigns.snapshots()
    );
    Ok(HttpResponse::Ok().json([ingress, sessions, conversations, campaigns].concat()))
}

fn operators_only(app: &App, request: &HttpRequest) -> Result<(), Rejected> {
    operator(app, request).map_err(|error| Rejected::new(request, error))
}

fn operator(app: &App, request: &HttpRequest) -> Result<(), ServiceError> {
    if is_operator(request, &app.config.server) {
        return Ok(());
    }
    let sentence = "this is for operators: call it from a network that server.operators names";
    Err(ServiceError::Forbidden(sentence.to_owned()))
}

/// Of two ways to prove who one is, being in the right place is the one that a page in a browser has too: what comes
/// from a page is refused.
pub fn may_operate(app: &App, request: &HttpRequest) -> Result<(), ServiceError> {
    operator(app, request)?;
    if request.headers().contains_key(header::ORIGIN) {
        let sentence = "send an access token: a page in a browser does nothing here without one";
        return Err(ServiceError::Forbidden(sentence.to_owned()));
    }
    Ok(())
}

fn is_operator(request: &HttpRequest, server: &config::Server) -> bool {
    let within = |networks: &[ipnet::IpNet], address| networks.iter().any(|network| network.contains(&address));
    let has = |name: &str| request.headers().contains_key(name);
    let by_known_proxy =
        request.peer_addr().is_some_and(|peer| within(&server.trusted_proxies, peer.ip().to_canonical()));
    let caller = client_address(request.head(), &server.trusted_proxies);
    // Only the second is read: whoever the first tells of may be anywhere.
    let is_known = !has("forwarded") && (!has("x-forwarded-for") || by_known_proxy);
    is_known && caller.is_some_and(|address| within(&server.operators, address))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn allowed(peer: &str, forwarded: Option<&str>) -> bool {
        let settings = config::Settings::load(None, |_| None).unwrap();
        let mut server = config::Server::read(&settings).unwrap();
        server.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        let mut request = TestRequest::default().peer_addr(format!("{peer}:4000").parse().unwrap());
        if let Some(forwarded) = forwarded {
            request = request.insert_header(("x-forwarded-for", forwarded));
        }
        is_operator(&request.to_http_request(), &server)
    }

    #[test]
    fn this_machine_may_and_others_may_not() {
        assert!(allowed("127.0.0.1", None));
        assert!(!allowed("203.0.113.9", None));
        assert!(!allowed("203.0.113.9", Some("127.0.0.1")));
    }

    #[test]
    fn a_proxy_on_this_machine_does_not_open_it_to_the_world() {
        assert!(!allowed("127.0.0.1", Some("203.0.113.9")));
        assert!(!allowed("10.0.0.1", Some("203.0.113.9")));
        assert!(!allowed("10.0.0.1", None));
        assert!(allowed("10.0.0.1", Some("127.0.0.1")));
    }

    #[test]
    fn whom_a_header_tells_of_that_is_not_read_is_nobody() {
        let settings = config::Settings::load(None, |_| None).unwrap();
        let mut server = config::Server::read(&settings).unwrap();
        server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        let allowed = |name: &'static str| {
            let request = TestRequest::default().peer_addr("127.0.0.1:4000".parse().unwrap());
            is_operator(&request.insert_header((name, "for=203.0.113.9")).to_http_request(), &server)
        };
        assert!(allowed("accept"));
        assert!(!allowed("forwarded"));
    }
}
