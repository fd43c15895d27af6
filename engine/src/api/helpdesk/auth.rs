//! `/auth`: signing up, logging in, and who one is.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use patchbay_domain::{OrganisationId, UserId, people::Dialect};
use patchbay_store::users::User;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Error, words::RoleWord};
use crate::{
    api::{
        description::Described,
        endpoint::{get, post},
        fields::{Check, Field},
    },
    app::App,
    auth::{Principal, RefreshToken, client_address},
    service::{
        ServiceError,
        accounts::{self, AcceptInvite, LogIn, SignUp, SignedIn},
        fields::EmailAddress,
    },
};

pub fn endpoints() -> Vec<Described> {
    vec![
        post("/signup", sign_up).public().does("Sign up").takes::<SignUpBody>().creates::<LoggedIn>(),
        post("/login", log_in).public().does("Log in").takes::<LogInBody>().answers::<LoggedIn>().refuses(&[401]),
        post("/refresh", refresh)
            .public()
            .does("Get another access token")
            .takes::<RefreshBody>()
            .answers::<Refreshed>()
            .refuses(&[401]),
        get("/invite", show_invite)
            .public()
            .does("What an invitation is to")
            .query::<InviteQuery>()
            .answers::<Invitation>(),
        post("/accept-invite", accept_invite)
            .public()
            .does("Accept an invitation")
            .takes::<AcceptInviteBody>()
            .creates::<LoggedIn>(),
        get("/me", me).does("Who I am").answers::<Account>(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SignUp", deny_unknown_fields)]
struct SignUpBody {
    #[serde(default)]
    #[schemars(!default)]
    org_name: Field<String>,
    #[serde(default)]
    #[schemars(!default)]
    name: Field<String>,
    #[serde(default)]
    #[schemars(!default)]
    email: Field<String>,
    #[serde(default)]
    #[schemars(!default)]
    password: Field<String>,
    #[serde(flatten)]
    #[schemars(skip)]
    rest: Map<String, Value>,
}

impl SignUpBody {
    fn read(self) -> Result<SignUp, ServiceError> {
        let Self { org_name, name, email, password, rest } = self;
        let mut check = Check::default();
        check.nothing_else(&rest);
        let (organisation_name, name) = (check.required("orgName", org_name), check.required("name", name));
        let (email, password) = (check.required("email", email), check.required("password", password));
        check.finish(|| {
            Ok(SignUp {
                organisation_name: organisation_name?,
                slug: None,
                name: name?,
                email: email?,
                password: password?,
            })
        })
    }
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "LogIn", deny_unknown_fields)]
struct LogInBody {
    #[serde(default)]
    #[schemars(!default)]
    email: Field<String>,
    #[serde(default)]
    #[schemars(!default)]
    password: Field<String>,
    #[serde(flatten)]
    #[schemars(skip)]
    rest: Map<String, Value>,
}

impl LogInBody {
    fn read(self) -> Result<(EmailAddress, String), ServiceError> {
        let Self { email, password, rest } = self;
        let mut check = Check::default();
        check.nothing_else(&rest);
        // A password of the wrong length is wrong, not invalid.
        let (email, password) = (check.required("email", email), check.required("password", password));
        check.finish(|| Ok((email?, password?)))
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Refresh", deny_unknown_fields)]
struct RefreshBody {
    #[serde(default)]
    #[schemars(!default)]
    refresh_token: Field<String>,
    #[serde(flatten)]
    #[schemars(skip)]
    rest: Map<String, Value>,
}

impl RefreshBody {
    fn read(self) -> Result<RefreshToken, ServiceError> {
        let Self { refresh_token, rest } = self;
        let mut check = Check::default();
        check.nothing_else(&rest);
        let token = check.required::<String>("refreshToken", refresh_token);
        check.finish(|| Ok(RefreshToken::presented(token?)))
    }
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "AcceptInvite", deny_unknown_fields)]
struct AcceptInviteBody {
    #[serde(default)]
    #[schemars(!default)]
    token: Field<String>,
    #[serde(default)]
    #[schemars(!default)]
    name: Field<String>,
    #[serde(default)]
    #[schemars(!default)]
    password: Field<String>,
    #[serde(flatten)]
    #[schemars(skip)]
    rest: Map<String, Value>,
}

impl AcceptInviteBody {
    fn read(self) -> Result<AcceptInvite, ServiceError> {
        let Self { token, name, password, rest } = self;
        let mut check = Check::default();
        check.nothing_else(&rest);
        let (token, name) = (check.required("token", token), check.required("name", name));
        let password = check.required("password", password);
        check.finish(|| Ok(AcceptInvite { token: token?, name: name?, password: password? }))
    }
}

#[derive(Deserialize, JsonSchema)]
struct InviteQuery {
    #[serde(default)]
    #[schemars(!default)]
    token: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Account {
    id: UserId,
    email: Option<String>,
    name: String,
    role: RoleWord,
    org_id: OrganisationId,
    is_active: bool,
}

impl From<User> for Account {
    fn from(user: User) -> Self {
        let User { id, organisation_id, email, name, role, is_active, .. } = user;
        Self { id, email, name, role: role.into(), org_id: organisation_id, is_active }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct LoggedIn {
    user: Account,
    access_token: String,
    refresh_token: String,
}

impl From<SignedIn> for LoggedIn {
    fn from(signed_in: SignedIn) -> Self {
        let SignedIn { user, tokens } = signed_in;
        Self { user: user.into(), access_token: tokens.access_token, refresh_token: tokens.refresh_token }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Refreshed {
    access_token: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Invitation {
    email: String,
    role: RoleWord,
    org_name: String,
    invited_by: String,
    expires_at: DateTime<Utc>,
}

async fn sign_up(app: web::Data<App>, body: web::Json<SignUpBody>) -> Result<HttpResponse, Error> {
    let signed_in = accounts::sign_up(&app, body.into_inner().read()?, Dialect::Helpdesk).await.map_err(taken)?;
    Ok(HttpResponse::Created().json(LoggedIn::from(signed_in)))
}

async fn log_in(app: web::Data<App>, request: HttpRequest, body: web::Json<LogInBody>) -> Result<HttpResponse, Error> {
    let (email, password) = body.into_inner().read()?;
    let address = client_address(request.head(), &app.config.server.trusted_proxies);
    let log_in = LogIn { account: email.into_string(), password, address };
    Ok(HttpResponse::Ok().json(LoggedIn::from(accounts::log_in(&app, log_in, Dialect::Helpdesk).await?)))
}

/// Answers with an access token only, so the refresh token stays good.
async fn refresh(app: web::Data<App>, body: web::Json<RefreshBody>) -> Result<HttpResponse, Error> {
    let access_token = accounts::refresh(&app, &body.into_inner().read()?).await?;
    Ok(HttpResponse::Ok().json(Refreshed { access_token }))
}

async fn show_invite(app: web::Data<App>, query: web::Query<InviteQuery>) -> Result<HttpResponse, Error> {
    let invite = accounts::invite(&app, &query.token).await?;
    Ok(HttpResponse::Ok().json(Invitation {
        email: invite.email,
        role: invite.role.into(),
        org_name: invite.organisation_name,
        invited_by: invite.invited_by_name,
        expires_at: invite.expires_at,
    }))
}

async fn accept_invite(app: web::Data<App>, body: web::Json<AcceptInviteBody>) -> Result<HttpResponse, Error> {
    let accept = body.into_inner().read()?;
    let signed_in = accounts::accept_invite(&app, accept, Dialect::Helpdesk).await.map_err(taken)?;
    Ok(HttpResponse::Created().json(LoggedIn::from(signed_in)))
}

async fn me(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(Account::from(accounts::me(&app, &principal).await?)))
}

/// A taken address is a bad field in this dialect.
fn taken(error: ServiceError) -> ServiceError {
    match error {
        ServiceError::Conflict { message, .. } => ServiceError::invalid("email", message),
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told<T>(read: Result<T, ServiceError>) -> String {
        read.err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn sign_up_names_every_bad_field() {
        let body: SignUpBody =
            serde_json::from_value(json!({"orgName": " ", "email": "x", "password": "short", "plan": 1})).unwrap();
        assert_eq!(
            told(body.read()),
            "plan: is not a known field; orgName: must not be empty; name: is required; \
             email: must be an e-mail address; password: must be at least 8 characters long"
        );
    }

    #[test]
    fn a_short_password_may_be_tried_at_login() {
        let body: LogInBody = serde_json::from_value(json!({"email": "Ada@Example.com", "password": "x"})).unwrap();
        let (email, password) = body.read().unwrap();
        assert_eq!((email.as_str(), password.as_str()), ("ada@example.com", "x"));
        let body: LogInBody = serde_json::from_value(json!({"email": "ada@example.com"})).unwrap();
        assert_eq!(told(body.read()), "password: is required");
    }

    #[test]
    fn a_taken_address_is_a_bad_field() {
        let error = taken(ServiceError::conflict("EMAIL_TAKEN", "it exists already"));
        assert_eq!(error.to_string(), "email: it exists already");
    }
}
