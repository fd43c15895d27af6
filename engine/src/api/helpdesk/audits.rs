//! `/orgs/{orgId}/audit-logs`, for administrators.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use patchbay_domain::{AuditId, OrganisationId, UserId};
use patchbay_store::audit::{self, ActionCount, AuditFilter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Error, Id,
    page::{self, PageQuery},
};
use crate::{
    api::{
        description::Described,
        endpoint::get,
        fields::{Check, Noted},
        period::PeriodQuery,
    },
    app::App,
    auth::Admin,
    service::audits,
};

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/{organisation}/audit-logs", list)
            .does("List what was done")
            .admins()
            .query::<FilterQuery>()
            .query::<PeriodQuery>()
            .pages::<Audit>(),
        get("/{organisation}/audit-logs/summary", summary)
            .does("Count each action")
            .admins()
            .query::<FilterQuery>()
            .query::<PeriodQuery>()
            .answers::<Vec<Counted>>(),
        get("/{organisation}/audit-logs/user/{id}", of_user)
            .does("List what one user did")
            .admins()
            .query::<PeriodQuery>()
            .pages::<Audit>(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FilterQuery {
    user_id: Option<String>,
    action: Option<String>,
    entity: Option<String>,
    entity_id: Option<String>,
}

impl FilterQuery {
    fn read(self, period: PeriodQuery, check: &mut Check) -> Result<AuditFilter, Noted> {
        let Self { user_id, action, entity, entity_id } = self;
        let user_id = check.parsed("userId", user_id, "an id");
        let period = period.read(check);
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let (user_id, period) = (user_id?, period?);
        Ok(AuditFilter {
            user_id,
            action: given(action).map(|action| action.to_uppercase()),
            entity: given(entity).map(|entity| entity.to_uppercase()),
            entity_id: given(entity_id),
            from: period.from,
            until: period.until,
        })
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Audit {
    id: AuditId,
    org_id: OrganisationId,
    user_id: Option<UserId>,
    action: String,
    entity: String,
    entity_id: String,
    metadata: Value,
    created_at: DateTime<Utc>,
    user: Option<Person>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditedUser")]
struct Person {
    id: UserId,
    name: String,
    email: Option<String>,
}

impl From<audit::Audit> for Audit {
    fn from(known: audit::Audit) -> Self {
        let audit::Audit { id, organisation_id, user, action, entity, entity_id, metadata, created_at } = known;
        Self {
            id,
            org_id: organisation_id,
            user_id: user.as_ref().map(|user| user.id),
            action,
            entity,
            entity_id,
            metadata,
            created_at,
            user: user.map(|audit::Actor { id, name, email }| Person { id, name, email }),
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ActionCount")]
struct Counted {
    action: String,
    count: u64,
}

async fn list(
    app: web::Data<App>,
    admin: Admin,
    filter: web::Query<FilterQuery>,
    period: web::Query<PeriodQuery>,
    query: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let mut check = Check::default();
    let filter = filter.into_inner().read(period.into_inner(), &mut check);
    let part = query.into_inner().read(&mut check);
    let (filter, part) = check.finish(|| Ok((filter?, part?)))?;
    let listed = audits::list(&app, &admin, &filter, part).await?;
    Ok(page::answer(&request, &part, listed, Audit::from))
}

async fn summary(
    app: web::Data<App>,
    admin: Admin,
    filter: web::Query<FilterQuery>,
    period: web::Query<PeriodQuery>,
) -> Result<HttpResponse, Error> {
    let mut check = Check::default();
    let filter = filter.into_inner().read(period.into_inner(), &mut check);
    let filter = check.finish(|| filter)?;
    let counted = audits::summary(&app, &admin, &filter).await?;
    let counted = counted.into_iter().map(|ActionCount { action, count }| Counted { action, count });
    Ok(HttpResponse::Ok().json(counted.collect::<Vec<_>>()))
}

async fn of_user(
    app: web::Data<App>,
    admin: Admin,
    path: web::Path<Id<UserId>>,
    period: web::Query<PeriodQuery>,
    query: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let mut check = Check::default();
    let period = period.into_inner().read(&mut check);
    let part = query.into_inner().read(&mut check);
    let (period, part) = check.finish(|| Ok((period?, part?)))?;
    let filter = AuditFilter { from: period.from, until: period.until, ..AuditFilter::default() };
    let listed = audits::of_user(&app, &admin, path.id, filter, part).await?;
    Ok(page::answer(&request, &part, listed, Audit::from))
}
