//! `/orgs/users` and `/orgs/{orgId}/users`: the README has the one, the API
//! document the other, and both are served.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use patchbay_domain::{InviteId, UserId};
use patchbay_store::{invites, users};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    Error, Id,
    page::{self, PageQuery},
    words::RoleWord,
};
use crate::{
    api::{
        description::Described,
        endpoint::{Endpoint, get, post},
        fields::{Check, Field},
    },
    app::App,
    auth::{Admin, Principal},
    service::{
        ServiceError, WriteId,
        users::{self as service, InviteUser},
    },
};

pub fn endpoints() -> Vec<Described> {
    let lists = |route: Endpoint| route.does("List users").pages::<User>();
    let invites = |route: Endpoint| route.does("Invite somebody").admins().takes::<InviteBody>().creates::<Invited>();
    let lists_invites = |route: Endpoint| route.does("List invitations").admins().pages::<Invite>();
    let shows = |route: Endpoint| route.does("Show a user").answers::<User>();
    let deactivates = |route: Endpoint| route.does("Deactivate a user").admins().answers::<Deactivated>();
    vec![
        lists(get("/users", list)),
        invites(post("/users/invites", invite)),
        lists_invites(get("/users/invites/list", list_invites)),
        shows(get("/users/{id}", show)),
        deactivates(post("/users/{id}/deactivate", deactivate)),
        lists(get("/{organisation}/users", list)),
        invites(post("/{organisation}/users/invites", invite)),
        lists_invites(get("/{organisation}/users/invites/list", list_invites)),
        shows(get("/{organisation}/users/{id}", show)),
        deactivates(post("/{organisation}/users/{id}/deactivate", deactivate)),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "InviteUser", deny_unknown_fields)]
struct InviteBody {
    #[serde(default)]
    #[schemars(!default)]
    email: Field<String>,
    #[serde(default)]
    #[schemars(!default)]
    role: Field<RoleWord>,
    #[serde(flatten)]
    #[schemars(skip)]
    rest: Map<String, Value>,
}

impl InviteBody {
    fn read(self) -> Result<InviteUser, ServiceError> {
        let Self { email, role, rest } = self;
        let mut check = Check::default();
        check.nothing_else(&rest);
        let (email, role) = (check.required("email", email), check.required_value("role", role));
        check.finish(|| Ok(InviteUser { email: email?, role: role?.into() }))
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct User {
    id: UserId,
    name: String,
    email: Option<String>,
    role: RoleWord,
    is_active: bool,
    created_at: DateTime<Utc>,
}

impl From<users::User> for User {
    fn from(user: users::User) -> Self {
        let users::User { id, name, email, role, is_active, created_at, .. } = user;
        Self { id, name, email, role: role.into(), is_active, created_at }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CreatedInvite")]
struct Invited {
    id: InviteId,
    email: String,
    role: RoleWord,
    token: String,
    invite_link: String,
    expires_at: DateTime<Utc>,
}

impl From<service::Invited> for Invited {
    fn from(invited: service::Invited) -> Self {
        let service::Invited { id, email, role, token, link, expires_at } = invited;
        Self { id, email, role: role.into(), token, invite_link: link, expires_at }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Invite {
    id: InviteId,
    email: String,
    role: RoleWord,
    accepted: bool,
    expires_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
}

impl From<invites::Invite> for Invite {
    fn from(invite: invites::Invite) -> Self {
        let invites::Invite { id, email, role, accepted_at, expires_at, created_at, .. } = invite;
        Self { id, email, role: role.into(), accepted: accepted_at.is_some(), expires_at, created_at }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DeactivatedUser")]
struct Deactivated {
    id: UserId,
    email: Option<String>,
    is_active: bool,
}

async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let users: Vec<User> = service::list(&app, &principal).await?.into_iter().map(User::from).collect();
    page::of_all(&request, query.into_inner(), users)
}

async fn show(app: web::Data<App>, principal: Principal, path: web::Path<Id<UserId>>) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(User::from(service::get(&app, &principal, path.id).await?)))
}

async fn invite(
    app: web::Data<App>,
    admin: Admin,
    write: WriteId,
    body: web::Json<InviteBody>,
) -> Result<HttpResponse, Error> {
    let invited = service::invite(&app, &admin, write.id.into(), body.into_inner().read()?).await;
    Ok(HttpResponse::Created().json(Invited::from(invited.map_err(pending)?)))
}

async fn list_invites(
    app: web::Data<App>,
    admin: Admin,
    query: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let invites: Vec<Invite> = service::invites(&app, &admin).await?.into_iter().map(Invite::from).collect();
    page::of_all(&request, query.into_inner(), invites)
}

async fn deactivate(app: web::Data<App>, admin: Admin, path: web::Path<Id<UserId>>) -> Result<HttpResponse, Error> {
    let user = service::deactivate(&app, &admin, path.id).await?;
    Ok(HttpResponse::Ok().json(Deactivated { id: user.id, email: user.email, is_active: user.is_active }))
}

/// A second invitation while one is open is forbidden in this dialect.
fn pending(error: ServiceError) -> ServiceError {
    match error {
        ServiceError::Conflict { code: "INVITE_PENDING", message, .. } => ServiceError::Forbidden(message),
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nobody_is_invited_as_owner() {
        let body: InviteBody = serde_json::from_value(json!({"email": "a@b.de", "role": "OWNER"})).unwrap();
        let error = body.read().unwrap_err().to_string();
        assert!(error.starts_with("role: unknown variant `OWNER`, expected `ADMIN` or `AGENT`"), "{error}");
    }
}
