//! `/orgs/macros/{orgId}`.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use patchbay_domain::{MacroId, OrganisationId, UserId};
use patchbay_store::macros as stored;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Error, Id,
    page::{self, PageQuery},
};
use crate::{
    api::{
        endpoint::{Endpoint, delete, get, post, put},
        fields::{Check, Field},
    },
    app::App,
    auth::Principal,
    service::{
        ServiceError, WriteId,
        macros::{self, ChangeMacro, CreateMacro},
    },
};

pub fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/macros/{organisation}", list),
        post("/macros/{organisation}", create),
        get("/macros/{organisation}/{id}", show),
        put("/macros/{organisation}/{id}", update),
        delete("/macros/{organisation}/{id}", remove),
    ]
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    name: Field<String>,
    #[serde(default)]
    content: Field<String>,
}

impl Body {
    fn read_new(self) -> Result<CreateMacro, ServiceError> {
        let Self { name, content } = self;
        let mut check = Check::default();
        let (name, content) = (check.required("name", name), check.required("content", content));
        check.finish(|| Ok(CreateMacro { name: name?, content: content? }))
    }

    fn read_change(self) -> Result<ChangeMacro, ServiceError> {
        let Self { name, content } = self;
        let mut check = Check::default();
        let (name, content) = (check.optional("name", name), check.optional("content", content));
        check.finish(|| Ok(ChangeMacro { name: name?, content: content? }))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Macro {
    id: MacroId,
    org_id: OrganisationId,
    name: String,
    content: String,
    created_by: UserId,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    created_by_user: Person,
}

#[derive(Serialize)]
struct Person {
    id: UserId,
    name: String,
}

impl From<stored::Macro> for Macro {
    fn from(known: stored::Macro) -> Self {
        let stored::Macro { id, organisation_id, name, content, created_by, created_by_name, created_at, updated_at } =
            known;
        Self {
            id,
            org_id: organisation_id,
            name,
            content,
            created_by,
            created_at,
            updated_at,
            created_by_user: Person { id: created_by, name: created_by_name },
        }
    }
}

async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let all = macros::list(&app, &principal).await?.into_iter().map(Macro::from).collect();
    page::of_all(&request, query.into_inner(), all)
}

async fn show(app: web::Data<App>, principal: Principal, path: web::Path<Id<MacroId>>) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(Macro::from(macros::get(&app, &principal, path.id).await?)))
}

async fn create(
    app: web::Data<App>,
    principal: Principal,
    write: WriteId,
    body: web::Json<Body>,
) -> Result<HttpResponse, Error> {
    let created = macros::create(&app, &principal, write, body.into_inner().read_new()?).await?;
    Ok(HttpResponse::Created().json(Macro::from(created)))
}

async fn update(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<MacroId>>,
    body: web::Json<Body>,
) -> Result<HttpResponse, Error> {
    let updated = macros::update(&app, &principal, path.id, body.into_inner().read_change()?).await?;
    Ok(HttpResponse::Ok().json(Macro::from(updated)))
}

async fn remove(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<MacroId>>,
) -> Result<HttpResponse, Error> {
    macros::delete(&app, &principal, path.id).await?;
    Ok(HttpResponse::Ok().json(json!({"success": true})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_macro_needs_a_name_and_a_text() {
        let body = |value| serde_json::from_value::<Body>(value).unwrap();
        let error = body(json!({"content": " "})).read_new().unwrap_err().to_string();
        assert_eq!(error, "name: is required; content: must not be empty");
        assert!(body(json!({})).read_change().is_ok_and(|change| change.name.is_none() && change.content.is_none()));
    }
}
