//! Connectors, as operators install them.
//!
//! A page in an operator's browser could call this machine's address: such calls carry an `Origin`, and change nothing.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use serde::Deserialize;

use super::operators_only;
use crate::{
    api::{
        endpoint::{Endpoint, get, post},
        problem::Rejected,
    },
    app::App,
    installation::{InstallError, Installed, Standing},
    service::ServiceError,
};

/// As much as a connector's file may have.
const FILE_BYTES: usize = 64 << 20;

pub fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/plugins", list).machine(),
        post("/plugins", upload).machine(),
        post("/plugins/{id}/grant", grant).machine(),
        post("/plugins/{id}/enable", enable).machine(),
        post("/plugins/{id}/disable", disable).machine(),
        post("/plugins/{id}/roll-back", roll_back).machine(),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    hosts: Vec<String>,
}

async fn list(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Rejected> {
    operators_only(&app, &request)?;
    let installed = app.installation.list().await.map_err(|error| rejected(&request, error))?;
    Ok(HttpResponse::Ok().json(installed))
}

async fn upload(app: web::Data<App>, request: HttpRequest, body: web::Payload) -> Result<HttpResponse, Rejected> {
    may_change(&app, &request)?;
    let bytes = match body.to_bytes_limited(FILE_BYTES).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => return Err(Rejected::new(&request, ServiceError::invalid("body", "cannot be read to its end"))),
        Err(_) => return Err(Rejected::new(&request, ServiceError::TooLarge)),
    };
    let installed = app.installation.upload(bytes.to_vec()).await.map_err(|error| rejected(&request, error))?;
    let waits = installed.waiting.is_some() || installed.state != Standing::Serving;
    Ok(HttpResponse::build(if waits { StatusCode::ACCEPTED } else { StatusCode::CREATED }).json(installed))
}

async fn grant(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    body: web::Json<Grant>,
) -> Result<HttpResponse, Rejected> {
    may_change(&app, &request)?;
    answer(&request, app.installation.grant(&id, body.into_inner().hosts).await)
}

async fn enable(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Rejected> {
    may_change(&app, &request)?;
    answer(&request, app.installation.enable(&id).await)
}

async fn disable(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Rejected> {
    may_change(&app, &request)?;
    answer(&request, app.installation.disable(&id).await)
}

async fn roll_back(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Rejected> {
    may_change(&app, &request)?;
    answer(&request, app.installation.roll_back(&id).await)
}

fn may_change(app: &App, request: &HttpRequest) -> Result<(), Rejected> {
    operators_only(app, request)?;
    if request.headers().contains_key(header::ORIGIN) {
        let sentence = "connectors are not installed from a page in a browser";
        return Err(Rejected::new(request, ServiceError::Forbidden(sentence.to_owned())));
    }
    Ok(())
}

fn answer(request: &HttpRequest, installed: Result<Installed, InstallError>) -> Result<HttpResponse, Rejected> {
    installed.map(|installed| HttpResponse::Ok().json(installed)).map_err(|error| rejected(request, error))
}

fn rejected(request: &HttpRequest, error: InstallError) -> Rejected {
    let message = error.to_string();
    let error = match error {
        InstallError::Refused(_) => ServiceError::Refused { code: "CONNECTOR_REFUSED", message },
        InstallError::Unknown => ServiceError::NotFound("connector"),
        InstallError::Conflict(_) => ServiceError::conflict("CONFLICT", message),
        InstallError::Folder(_) => ServiceError::Refused { code: "FOLDER_UNUSABLE", message },
    };
    Rejected::new(request, error)
}
