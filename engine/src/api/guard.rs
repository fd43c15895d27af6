//! Lets callers in: who they are, whether this is their organisation, and
//! whether they call too often. The [`Principal`] or [`Admin`] that a handler is given comes
//! from here.

use std::{
    future::{Ready, ready},
    time::Duration,
};

use actix_web::{
    Error, FromRequest, HttpMessage, HttpRequest,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::header::{AUTHORIZATION, USER_AGENT},
    middleware::Next,
    web,
};
use patchbay_domain::{OrganisationId, people::Caller};
use url::form_urlencoded;

use super::{
    ops,
    problem::{Rejected, Shape},
};
use crate::{
    app::App,
    auth::{Admin, Origin, Principal, Standing, Subject, client_address},
    service::ServiceError,
};

/// The name of an organisation's place in a path.
const ORGANISATION: &str = "organisation";
/// The name of an access token in a query.
const TOKEN: &str = "token";
const USER_AGENT_LENGTH: usize = 300;

/// Only those with a token go on.
pub async fn authenticate(
    app: web::Data<App>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let token = bearer(request.request()).map(ToOwned::to_owned);
    enter(app, request, token, next).await
}

/// The same, where the token may stand in the query.
pub async fn authenticate_socket(
    app: web::Data<App>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let token = presented(request.request());
    enter(app, request, token, next).await
}

/// The token in the headers or in the query.
pub fn presented(request: &HttpRequest) -> Option<String> {
    let named = || {
        let mut pairs = form_urlencoded::parse(request.query_string().as_bytes());
        pairs.find(|(name, _)| name == TOKEN).map(|(_, token)| token.into_owned())
    };
    bearer(request).map(ToOwned::to_owned).or_else(named)
}

async fn enter(
    app: web::Data<App>,
    request: ServiceRequest,
    token: Option<String>,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let caller = match identify(&app, request.request(), token.as_deref()).await {
        Ok(caller) => caller,
        Err(error) => return Ok(Shape::refuse(request, error)),
    };
    let standing = app.auth.requests.check(Subject::User(caller.user_id));
    let origin = origin(&app, request.request());
    request.extensions_mut().insert(Principal { caller, origin });
    pass(standing, request, next).await
}

/// Those with a token go on as themselves, those without only where operators are.
pub async fn operate(
    app: web::Data<App>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    if request.headers().contains_key(AUTHORIZATION) {
        return authenticate(app, request, next).await;
    }
    match ops::may_operate(&app, request.request()) {
        Ok(()) => {
            let origin = origin(&app, request.request());
            request.extensions_mut().insert(origin);
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Err(error) => Ok(Shape::refuse(request, error)),
    }
}

/// Anybody goes on, but no address too often.
pub async fn limit_address(
    app: web::Data<App>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    match client_address(request.head(), &app.config.server.trusted_proxies) {
        Some(address) => pass(app.auth.requests.check(Subject::Address(address)), request, next).await,
        None => Ok(next.call(request).await?.map_into_boxed_body()),
    }
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let (scheme, token) = request.headers().get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

async fn identify(app: &App, request: &HttpRequest, token: Option<&str>) -> Result<Caller, ServiceError> {
    let caller = holder(app, token).await?;
    match request.match_info().get(ORGANISATION) {
        Some(named) if named.parse::<OrganisationId>().ok() != Some(caller.organisation_id) => {
            Err(ServiceError::NotFound("organisation"))
        }
        _ => Ok(caller),
    }
}

/// Whose token it is.
pub async fn holder(app: &App, token: Option<&str>) -> Result<Caller, ServiceError> {
    let token = token
        .ok_or_else(|| ServiceError::Unauthenticated("send an access token: Authorization: Bearer …".to_owned()))?;
    let now = (app.clock)();
    let claims = app.auth.tokens.verify(token, now)?;
    let caller = app.auth.logins.caller(&claims, now).await?;
    caller.ok_or_else(|| ServiceError::Unauthenticated("this login has ended; log in again".to_owned()))
}

async fn pass(
    standing: Standing,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let mut response = match standing.retry_after {
        None => next.call(request).await?.map_into_boxed_body(),
        Some(seconds) => {
            let message = "too many requests; wait a little";
            Shape::refuse(request, ServiceError::TooMany { message, retry_after: Duration::from_secs(seconds) })
        }
    };
    standing.tell(response.headers_mut());
    Ok(response)
}

/// Where a call came from.
pub fn origin(app: &App, request: &HttpRequest) -> Origin {
    let agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
    Origin {
        method: request.method().to_string(),
        path: request.path().to_owned(),
        address: client_address(request.head(), &app.config.server.trusted_proxies),
        user_agent: agent.map(|agent| agent.chars().take(USER_AGENT_LENGTH).collect()),
    }
}

/// Who the guard let in; nobody where the route is open to anybody.
pub fn principal(request: &HttpRequest) -> Result<Principal, ServiceError> {
    request.extensions().get().cloned().ok_or_else(|| ServiceError::Unauthenticated("log in first".to_owned()))
}

impl FromRequest for Principal {
    type Error = Rejected;
    type Future = Ready<Result<Self, Rejected>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(principal(request).map_err(|error| Rejected::new(request, error)))
    }
}

impl FromRequest for Admin {
    type Error = Rejected;
    type Future = Ready<Result<Self, Rejected>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let admin = principal(request).and_then(|principal| Self::of(principal).map_err(Into::into));
        ready(admin.map_err(|error| Rejected::new(request, error)))
    }
}
