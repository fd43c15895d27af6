//! `/orgs/{orgId}`.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use patchbay_domain::OrganisationId;
use patchbay_store::organisations;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Error;
use crate::{
    api::{
        description::Described,
        endpoint::{get, patch},
        fields::{Check, Field},
    },
    app::App,
    auth::{Admin, Principal},
    service::{ServiceError, fields::Name, organisations as service},
};

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/{organisation}", show).does("Show the organisation").answers::<Organisation>(),
        patch("/{organisation}", update)
            .does("Rename the organisation")
            .admins()
            .takes::<UpdateBody>()
            .answers::<Organisation>(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "UpdateOrganisation")]
struct UpdateBody {
    #[serde(default)]
    name: Field<String>,
}

impl UpdateBody {
    fn read(self) -> Result<Option<Name>, ServiceError> {
        let Self { name } = self;
        let mut check = Check::default();
        let name = check.optional("name", name);
        check.finish(|| name)
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Organisation {
    id: OrganisationId,
    name: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<organisations::Organisation> for Organisation {
    fn from(organisation: organisations::Organisation) -> Self {
        let organisations::Organisation { id, name, slug: _, created_at, updated_at } = organisation;
        Self { id, name, created_at, updated_at }
    }
}

async fn show(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(Organisation::from(service::get(&app, &principal).await?)))
}

async fn update(app: web::Data<App>, admin: Admin, body: web::Json<UpdateBody>) -> Result<HttpResponse, Error> {
    let organisation = match body.into_inner().read()? {
        Some(name) => service::rename(&app, &admin, &name).await?,
        None => service::get(&app, &admin).await?,
    };
    Ok(HttpResponse::Ok().json(Organisation::from(organisation)))
}
