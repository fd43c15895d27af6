//! Routes as data. A section of a dialect lists its endpoints; [`mount`] turns
//! a list into resources, each with the check its access asks for and with a
//! 405 that names the methods there are. The list is also what the snapshot of
//! the route table shows.
//!
//! To add an endpoint: a line in its section's `endpoints()`. Static paths come
//! before those with a parameter in the same place. In a dialect with an OpenAPI document
//! ([`super::docs`]) the line goes on with what the route is for ([`super::description`]):
//! its scopes hold nothing that is not described.

use actix_web::{
    FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, Route, Scope,
    body::BoxBody,
    dev::ServiceRequest,
    http::Method,
    middleware::{Next, from_fn},
    web,
};

use super::{
    guard::{authenticate, authenticate_socket, limit_address, operate},
    idempotency::idempotent,
    problem::{Problem, Shape},
    repeatable::Longest,
};
use crate::app::App;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// With an access token only; counted for its user.
    Caller,
    /// The same, and the token may stand in the query: a browser cannot set headers of a WebSocket.
    Socket,
    /// For anybody; counted for the address.
    Public,
    /// With an administrator's access token, or without any from where operators are.
    Operator,
    /// For platforms and probes, which prove themselves otherwise or need not.
    Machine,
}

pub struct Endpoint {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
    /// Where it is not the one of its scope, as where several dialects share one.
    shape: Option<Shape>,
    longest: Longest,
    route: Route,
}

impl Endpoint {
    /// Of the same method and path.
    pub fn is_at(&self, other: &Self) -> bool {
        self.method == other.method && self.path == other.path
    }

    /// Refuses in these words, unless others were said.
    pub fn shaped(self, shape: Shape) -> Self {
        Self { shape: self.shape.or(Some(shape)), ..self }
    }

    pub fn socket(self) -> Self {
        Self { access: Access::Socket, ..self }
    }

    pub fn public(self) -> Self {
        Self { access: Access::Public, ..self }
    }

    pub fn operator(self) -> Self {
        Self { access: Access::Operator, ..self }
    }

    pub fn machine(self) -> Self {
        Self { access: Access::Machine, ..self }
    }

    /// Longer than other bodies; the handler reads no more than that either.
    pub fn takes_up_to(self, longest: Longest) -> Self {
        Self { longest, ..self }
    }
}

macro_rules! methods {
    ($($name:ident: $method:ident),*) => {$(
        pub fn $name<F, Arguments>(path: &'static str, handler: F) -> Endpoint
        where
            F: Handler<Arguments>,
            Arguments: FromRequest + 'static,
            F::Output: Responder + 'static,
        {
            let (longest, route) = (Longest::Json, web::$name().to(handler));
            Endpoint { method: Method::$method, path, access: Access::Caller, shape: None, longest, route }
        }
    )*};
}

methods!(get: GET, post: POST, put: PUT, patch: PATCH, delete: DELETE);

/// Adds endpoints to a scope; those of one path, which stand together, become one resource.
pub fn mount(mut scope: Scope, endpoints: Vec<Endpoint>) -> Scope {
    let mut endpoints = endpoints.into_iter().peekable();
    while let Some(first) = endpoints.next() {
        let (path, access, mut longest) = (first.path, first.access, first.longest);
        let mut allow = vec![first.method.to_string()];
        let mut resource = web::resource(path).route(first.route);
        if let Some(shape) = first.shape {
            resource = resource.app_data(shape);
        }
        while let Some(next) = endpoints.next_if(|next| next.path == path && next.access == access) {
            allow.push(next.method.to_string());
            // Of those that share a path, one at most takes long bodies.
            longest = if next.longest == Longest::Json { longest } else { next.longest };
            resource = resource.route(next.route);
        }
        scope = guarded(scope, resource.default_service(not_allowed(allow.join(", "))), access, longest);
    }
    scope
}

fn guarded(scope: Scope, resource: Resource, access: Access, longest: Longest) -> Scope {
    let once = move |app: web::Data<App>, request: ServiceRequest, next: Next<BoxBody>| {
        idempotent(app, longest, request, next)
    };
    match access {
        // The last one wrapped is the first to see a request.
        Access::Caller => scope.service(resource.wrap(from_fn(once)).wrap(from_fn(authenticate))),
        Access::Socket => scope.service(resource.wrap(from_fn(authenticate_socket))),
        Access::Operator => scope.service(resource.wrap(from_fn(operate))),
        Access::Public => scope.service(resource.wrap(from_fn(limit_address))),
        Access::Machine => scope.service(resource),
    }
}

fn not_allowed(allow: String) -> Route {
    web::route().to(move |request: HttpRequest| {
        let problem = Problem::method_not_allowed(request.method(), request.path(), allow.clone());
        std::future::ready(Shape::of(&request).answer(&problem))
    })
}

/// The answer where there is no route.
pub async fn no_route(request: HttpRequest) -> HttpResponse {
    Shape::of(&request).answer(&Problem::no_route(request.method(), request.path()))
}

/// One line per endpoint, as the snapshot of the route table shows it.
#[cfg(test)]
pub fn table(prefix: &str, endpoints: &[Endpoint]) -> Vec<String> {
    let line = |endpoint: &Endpoint| {
        format!("{:<7} {prefix}{} ({:?})", endpoint.method.as_str(), endpoint.path, endpoint.access).to_lowercase()
    };
    endpoints.iter().map(line).collect()
}
