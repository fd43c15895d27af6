//! `/orgs/macros/{orgId}`.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use patchbay_domain::{MacroId, OrganisationId, UserId};
use patchbay_store::macros as stored;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Error, Id, Success,
    page::{self, PageQuery},
};
use crate::{
    api::{
        description::Described,
        endpoint::{delete, get, post, put},
        fields::{Check, Field},
    },
    app::App,
    auth::Principal,
    service::{
        ServiceError, WriteId,
        macros::{self, ChangeMacro, CreateMacro},
    },
};

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/macros/{organisation}", list).does("List macros").pages::<Macro>(),
        post("/macros/{organisation}", create).does("Create a macro").takes::<CreateBody>().creates::<Macro>(),
        get("/macros/{organisation}/{id}", show).does("Show a macro").answers::<Macro>(),
        put("/macros/{organisation}/{id}", update)
            .does("Change a macro that one wrote")
            .takes::<UpdateBody>()
            .answers::<Macro>()
            .refuses(&[403]),
        delete("/macros/{organisation}/{id}", remove).does("Delete a macro").answers::<Success>().refuses(&[403]),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CreateMacro")]
struct CreateBody {
    #[serde(default)]
    #[schemars(!default)]
    name: Field<String>,
    #[serde(default)]
    #[schemars(!default)]
    content: Field<String>,
}

impl CreateBody {
    fn read(self) -> Result<CreateMacro, ServiceError> {
        let Self { name, content } = self;
        let mut check = Check::default();
        let (name, content) = (check.required("name", name), check.required("content", content));
        check.finish(|| Ok(CreateMacro { name: name?, content: content? }))
    }
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "UpdateMacro")]
struct UpdateBody {
    #[serde(default)]
    name: Field<String>,
    #[serde(default)]
    content: Field<String>,
}

impl UpdateBody {
    fn read(self) -> Result<ChangeMacro, ServiceError> {
        let Self { name, content } = self;
        let mut check = Check::default();
        let (name, content) = (check.optional("name", name), check.optional("content", content));
        check.finish(|| Ok(ChangeMacro { name: name?, content: content? }))
    }
}

#[derive(Serialize, JsonSchema)]
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

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MacroAuthor")]
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
    body: web::Json<CreateBody>,
) -> Result<HttpResponse, Error> {
    let created = macros::create(&app, &principal, write, body.into_inner().read()?).await?;
    Ok(HttpResponse::Created().json(Macro::from(created)))
}

async fn update(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<MacroId>>,
    body: web::Json<UpdateBody>,
) -> Result<HttpResponse, Error> {
    let updated = macros::update(&app, &principal, path.id, body.into_inner().read()?).await?;
    Ok(HttpResponse::Ok().json(Macro::from(updated)))
}

async fn remove(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<MacroId>>,
) -> Result<HttpResponse, Error> {
    macros::delete(&app, &principal, path.id).await?;
    Ok(HttpResponse::Ok().json(Success::new()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_new_macro_needs_a_name_and_a_text() {
        let body: CreateBody = serde_json::from_value(json!({"content": " "})).unwrap();
        assert_eq!(body.read().unwrap_err().to_string(), "name: is required; content: must not be empty");
        let body: UpdateBody = serde_json::from_value(json!({})).unwrap();
        assert!(body.read().is_ok_and(|change| change.name.is_none() && change.content.is_none()));
    }
}
