//! `/templates`: the messages that the platform lets one write first.

use actix_web::{HttpResponse, web};
use patchbay_domain::TemplateId;
use patchbay_store::templates::TemplateFilter;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Done, Error, Id,
    conversations::searched,
    done, made, ok,
    page::{PageQuery, Pagination},
    template_bodies::TemplateBody,
    template_view::{StateWord, Template},
    words::word,
};
use crate::{
    api::{
        description::Described,
        endpoint::{delete, get, patch, post},
        fields::{Check, Noted},
    },
    app::App,
    auth::{Admin, Principal},
    service::{WriteId, templates as service},
};

/// The front end does not page.
const LIMIT: u32 = 1_000;

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/templates", list)
            .does("List templates")
            .query::<FilterQuery>()
            .query::<PageQuery>()
            .answers::<Answer<Templates>>()
            .refuses(&[422]),
        post("/templates", create)
            .does("Create a template and have the platform look at it")
            .admins()
            .takes::<TemplateBody>()
            .creates::<Answer<Changed>>(),
        post("/templates/sync", sync).does("Take over what the platform lists").answers::<Answer<Synced>>(),
        get("/templates/{id}", show).does("Show a template").answers::<Answer<Shown>>(),
        patch("/templates/{id}", update)
            .does("Change a template; the platform looks at it again")
            .admins()
            .takes::<TemplateBody>()
            .answers::<Answer<Changed>>(),
        delete("/templates/{id}", remove)
            .does("Delete a template, here and at the platform")
            .admins()
            .answers::<Answer<Done>>(),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct FilterQuery {
    #[schemars(with = "Option<StateWord>")]
    status: Option<String>,
    category: Option<String>,
    search: Option<String>,
    /// `true` or `1`: ask the platform first
    sync: Option<String>,
}

impl FilterQuery {
    fn read(self, check: &mut Check) -> Result<(TemplateFilter, bool), Noted> {
        let Self { status, category, search, sync } = self;
        let state = word::<StateWord>(check, "status", status, StateWord::ALLOWED);
        let search = searched(check, search);
        let filter = state?.map(StateWord::filter).unwrap_or_default();
        let category = category.filter(|text| !text.is_empty()).map(|text| text.to_uppercase());
        let sync = matches!(sync.as_deref(), Some("true" | "1"));
        Ok((TemplateFilter { category, search: search?, ..filter }, sync))
    }
}

#[derive(Serialize, JsonSchema)]
struct Templates {
    templates: Vec<Template>,
    pagination: Pagination,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TemplateShown")]
struct Shown {
    template: Template,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TemplateChanged")]
struct Changed {
    message: &'static str,
    template: Template,
}

#[derive(Serialize, JsonSchema)]
struct Synced {
    message: String,
    synced: usize,
}

async fn list(
    app: web::Data<App>,
    principal: Principal,
    filter: web::Query<FilterQuery>,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, Error> {
    let mut check = Check::default();
    let (filter, part) = (filter.into_inner().read(&mut check), page.into_inner().read(&mut check, LIMIT));
    let ((filter, is_synced), part) = check.finish(|| Ok((filter?, part?)))?;
    if is_synced {
        service::sync(&app, &principal).await?;
    }
    let listed = service::list(&app, &principal, &filter, part).await?;
    let pagination = Pagination::of(&part, &listed);
    Ok(ok(&Templates { templates: listed.items.into_iter().map(Template::from).collect(), pagination }))
}

/// Every opening of the front end's page calls it, whoever opens it: nothing changes but what the platform says.
async fn sync(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, Error> {
    let synced = service::sync(&app, &principal).await?;
    Ok(ok(&Synced { message: format!("{synced} templates are at the platform"), synced }))
}

async fn show(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<TemplateId>>,
) -> Result<HttpResponse, Error> {
    Ok(ok(&Shown { template: service::get(&app, &principal, path.id).await?.into() }))
}

async fn create(
    app: web::Data<App>,
    admin: Admin,
    write: WriteId,
    body: web::Json<TemplateBody>,
) -> Result<HttpResponse, Error> {
    let template = service::create(&app, &admin, write, body.into_inner().read_new()?).await?.into();
    Ok(made(&Changed { message: "the platform looks at the template", template }))
}

async fn update(
    app: web::Data<App>,
    admin: Admin,
    path: web::Path<Id<TemplateId>>,
    body: web::Json<TemplateBody>,
) -> Result<HttpResponse, Error> {
    let template = service::change(&app, &admin, path.id, body.into_inner().read_change()?).await?.into();
    Ok(ok(&Changed { message: "the template was changed", template }))
}

async fn remove(app: web::Data<App>, admin: Admin, path: web::Path<Id<TemplateId>>) -> Result<HttpResponse, Error> {
    service::delete(&app, &admin, path.id).await?;
    Ok(done("the template was deleted"))
}
