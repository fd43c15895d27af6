//! Connectors, as operators install them.
//!
//! A page in an operator's browser could call this machine's address: such calls carry an `Origin`, and change nothing.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::operators_only;
use crate::{
    api::{
        description::Described,
        endpoint::{get, post},
        problem::Rejected,
    },
    app::App,
    installation::{InstallError, Installed, Standing},
    service::ServiceError,
};

/// As much as a connector's file may have.
const FILE_BYTES: usize = 64 << 20;

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/plugins", list).machine().does("List connectors").operators().answers::<Vec<Installed>>(),
        post("/plugins", upload)
            .machine()
            .does("Install a connector, or another version of one")
            .operators()
            .takes_bytes()
            .creates::<Installed>()
            .answers_with::<Installed>(202)
            .refuses(&[409, 422]),
        changes(post("/plugins/{id}/grant", grant).machine().does("Let a connector call hosts").takes::<Grant>()),
        changes(post("/plugins/{id}/enable", enable).machine().does("Have a connector serve")),
        changes(post("/plugins/{id}/disable", disable).machine().does("Have a connector rest")),
        changes(post("/plugins/{id}/roll-back", roll_back).machine().does("Bring the version before back")),
    ]
}

fn changes(described: Described) -> Described {
    described.operators().named_by::<String>().answers::<Installed>().refuses(&[409, 422])
}

#[derive(Deserialize, JsonSchema)]
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
