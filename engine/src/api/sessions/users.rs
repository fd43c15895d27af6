//! `/users`: those whom the caller made; for the owner everybody.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use patchbay_domain::UserId;
use patchbay_store::users;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Error, Id,
    answer::{Data, Done, Many, done, made, ok},
    names::{ShortName, unless_empty},
    page::{self, PageQuery},
    words::{GivenRole, RoleWord},
};
use crate::{
    api::{
        description::Described,
        endpoint::{delete, get, post},
        fields::{Check, Field},
    },
    app::App,
    auth::Admin,
    service::{
        ServiceError, WriteId,
        staff::{self, NewMember},
    },
};

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/users", list).does("List users").admins().query::<PageQuery>().answers::<Many<User>>(),
        post("/users", create).does("Make a user").admins().takes::<CreateBody>().creates::<Data<User>>(),
        get("/users/{id}", show).does("Show a user").admins().answers::<Data<Detailed>>(),
        delete("/users/{id}", deactivate).does("Deactivate a user").admins().answers::<Done>(),
        post("/users/{id}/reset-password", reset_password)
            .does("Give a user another password")
            .admins()
            .takes::<ResetBody>()
            .answers::<Done>(),
        post("/users/{id}/reactivate", reactivate).does("Let a user in again").admins().answers::<Done>(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CreateUser")]
struct CreateBody {
    #[serde(default)]
    #[schemars(!default)]
    username: Field<String>,
    #[serde(default)]
    #[schemars(!default)]
    password: Field<String>,
    #[serde(default)]
    full_name: Field<String>,
    #[serde(default)]
    #[schemars(!default)]
    role: Field<GivenRole>,
}

impl CreateBody {
    fn read(self) -> Result<NewMember, ServiceError> {
        let Self { username, password, full_name, role } = self;
        let mut check = Check::default();
        let (username, password) = (check.required("username", username), check.required("password", password));
        let name = check.optional::<ShortName>("full_name", unless_empty(full_name));
        let role = check.required_value("role", role);
        check.finish(|| {
            let name = name?.map(|ShortName(name)| name);
            Ok(NewMember { username: username?, password: password?, name, role: role?.into() })
        })
    }
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ResetPassword")]
struct ResetBody {
    #[serde(default)]
    #[schemars(!default)]
    new_password: Field<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct User {
    id: UserId,
    username: String,
    full_name: Option<String>,
    role: RoleWord,
    is_active: bool,
    last_login_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl From<users::User> for User {
    fn from(user: users::User) -> Self {
        let username = shown_name(&user);
        let users::User { id, name, role, is_active, last_login_at, created_at, .. } = user;
        let full_name = Some(name).filter(|name| *name != username);
        Self { id, username, full_name, role: role.into(), is_active, last_login_at, created_at }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "UserDetails")]
struct Detailed {
    #[serde(flatten)]
    user: User,
    created_by_admin_id: Option<UserId>,
    updated_at: DateTime<Utc>,
}

impl From<users::User> for Detailed {
    fn from(user: users::User) -> Self {
        let (created_by_admin_id, updated_at) = (user.created_by, user.updated_at);
        Self { user: user.into(), created_by_admin_id, updated_at }
    }
}

/// Those who signed up elsewhere log in with their e-mail address.
pub fn shown_name(user: &users::User) -> String {
    handle(user.username.as_deref(), user.email.as_deref(), &user.name)
}

pub fn handle(username: Option<&str>, email: Option<&str>, name: &str) -> String {
    username.or(email).unwrap_or(name).to_owned()
}

async fn list(app: web::Data<App>, admin: Admin, query: web::Query<PageQuery>) -> Result<HttpResponse, Error> {
    let users: Vec<User> = staff::list(&app, &admin).await?.into_iter().map(User::from).collect();
    Ok(HttpResponse::Ok().json(page::of_all(query.into_inner(), users)?))
}

async fn create(
    app: web::Data<App>,
    admin: Admin,
    write: WriteId,
    body: web::Json<CreateBody>,
) -> Result<HttpResponse, Error> {
    Ok(made(User::from(staff::create(&app, &admin, write, body.into_inner().read()?).await?)))
}

async fn show(app: web::Data<App>, admin: Admin, path: web::Path<Id<UserId>>) -> Result<HttpResponse, Error> {
    Ok(ok(Detailed::from(staff::get(&app, &admin, path.id).await?)))
}

async fn deactivate(app: web::Data<App>, admin: Admin, path: web::Path<Id<UserId>>) -> Result<HttpResponse, Error> {
    staff::deactivate(&app, &admin, path.id).await?;
    Ok(done("User deactivated successfully"))
}

async fn reset_password(
    app: web::Data<App>,
    admin: Admin,
    path: web::Path<Id<UserId>>,
    body: web::Json<ResetBody>,
) -> Result<HttpResponse, Error> {
    let mut check = Check::default();
    let password = check.required("new_password", body.into_inner().new_password);
    let password = check.finish(|| password)?;
    staff::reset_password(&app, &admin, path.id, password).await?;
    Ok(done("Password reset successfully"))
}

async fn reactivate(app: web::Data<App>, admin: Admin, path: web::Path<Id<UserId>>) -> Result<HttpResponse, Error> {
    staff::reactivate(&app, &admin, path.id).await?;
    Ok(done("User reactivated successfully"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told(body: Value) -> String {
        let body: CreateBody = serde_json::from_value(body).unwrap();
        body.read().err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn an_empty_name_is_none() {
        let body = json!({"username": "john_doe", "password": "SecurePass123", "full_name": "", "role": "team_member"});
        let member = serde_json::from_value::<CreateBody>(body).unwrap().read().unwrap();
        assert_eq!((member.username.as_str(), member.name), ("john_doe", None));
    }

    #[test]
    fn every_bad_field_is_told() {
        let told = told(json!({"username": "j", "password": "weakpassword", "full_name": "x", "role": "super_admin"}));
        assert_eq!(
            told,
            "username: must be 3 to 50 letters, digits, dashes or underscores; \
             password: must have a small letter, a capital letter and a digit; \
             full_name: must be one line of 2 to 100 characters; \
             role: unknown variant `super_admin`, expected `admin` or `team_member`"
        );
    }
}
