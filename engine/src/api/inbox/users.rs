//! `/users`: who can own and follow contacts.

use actix_web::{HttpRequest, HttpResponse, web};
use patchbay_domain::{UserId, people::Role};
use patchbay_store::users::User;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Error, ok,
    query::{ids_in_query, parsed_values},
    views::handle,
};
use crate::{
    api::{
        description::Described,
        endpoint::get,
        fields::{Check, Noted},
    },
    app::App,
    auth::Principal,
    service::users as service,
};

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/users", list)
            .does("List users, but for some")
            .query::<ListQuery>()
            .query::<Excluded>()
            .answers::<Answer<Vec<Listed>>>(),
        get("/users/search", search).does("Find users").query::<SearchQuery>().answers::<Answer<Vec<Listed>>>(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "UserListQuery")]
struct ListQuery {
    /// One of USER ADMIN CUST
    role: Option<String>,
    /// Part of a name, a username or an e-mail address
    search: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "UserSearchQuery")]
struct SearchQuery {
    /// One of USER ADMIN CUST
    role: Option<String>,
    /// Part of a name, a username or an e-mail address
    #[schemars(required)]
    q: Option<String>,
}

/// The roles of this dialect. There are no customers among the users.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RoleWord {
    User,
    Admin,
    Customer,
}

impl RoleWord {
    fn read(check: &mut Check, role: Option<String>) -> Result<Option<Self>, Noted> {
        match role.as_deref() {
            None | Some("") => Ok(None),
            Some("USER") => Ok(Some(Self::User)),
            Some("ADMIN") => Ok(Some(Self::Admin)),
            Some("CUST") => Ok(Some(Self::Customer)),
            Some(_) => Err(check.note("role", "must be one of USER ADMIN CUST")),
        }
    }
}

ids_in_query!(Excluded, "exclude");

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "User")]
struct Listed {
    id: UserId,
    name: String,
    username: String,
    email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar: Option<String>,
    roles: [&'static str; 1],
}

impl From<User> for Listed {
    fn from(user: User) -> Self {
        let User { id, name, username, email, avatar, role, .. } = user;
        let roles = [match role {
            Role::Owner | Role::Admin => "ADMIN",
            Role::Agent => "USER",
        }];
        Self {
            id,
            username: handle(username, email.clone(), &name),
            email: email.unwrap_or_default(),
            name,
            avatar,
            roles,
        }
    }
}

async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: web::Query<ListQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let ListQuery { role, search } = query.into_inner();
    let mut check = Check::default();
    let role = RoleWord::read(&mut check, role);
    let excluded = parsed_values::<UserId>(&mut check, &request, Excluded::NAME);
    let (role, excluded) = check.finish(|| Ok((role?, excluded?)))?;
    let mut users = found(&app, &principal, role, search).await?;
    users.retain(|user| !excluded.contains(&user.id));
    Ok(ok(users))
}

async fn search(
    app: web::Data<App>,
    principal: Principal,
    query: web::Query<SearchQuery>,
) -> Result<HttpResponse, Error> {
    let SearchQuery { role, q } = query.into_inner();
    let text = q.filter(|text| !text.trim().is_empty());
    let mut check = Check::default();
    if text.is_none() {
        check.note("q", "is required");
    }
    let role = RoleWord::read(&mut check, role);
    let role = check.finish(|| role)?;
    Ok(ok(found(&app, &principal, role, text).await?))
}

async fn found(
    app: &App,
    principal: &Principal,
    role: Option<RoleWord>,
    text: Option<String>,
) -> Result<Vec<Listed>, Error> {
    if role == Some(RoleWord::Customer) {
        return Ok(Vec::new());
    }
    let is_admin = role.map(|role| role == RoleWord::Admin);
    let users = service::search(app, principal, is_admin, text.as_deref()).await?;
    Ok(users.into_iter().map(Listed::from).collect())
}
