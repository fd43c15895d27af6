//! `/auth`: registering, and what the door does for this dialect.

use actix_web::{HttpRequest, HttpResponse, web};
use patchbay_domain::{OrganisationId, UserId, people::Dialect};
use patchbay_store::{organisations::Organisation, users::User};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Done, Error, done, made, ok, words::RoleWord};
use crate::{
    api::{
        description::Described,
        door::{self, shared},
        endpoint::{get, post},
        fields::{Check, Field, Noted},
    },
    app::App,
    auth::{Principal, RefreshToken, client_address},
    service::{
        ServiceError,
        accounts::{self, LogIn, SLUG_TAKEN, SignUp, SignedIn},
        fields::{EmailAddress, Name},
        organisations,
    },
};

/// A name of fewer letters is none.
const SHORTEST_NAME: usize = 2;

pub fn endpoints() -> Vec<Described> {
    vec![
        post("/auth/register", register)
            .public()
            .does("Register an organisation and its owner")
            .takes::<RegisterBody>()
            .creates::<Answer<LoggedIn>>(),
        shared(
            post("/auth/login", door::log_in)
                .public()
                .does("Log in")
                .takes::<LogInBody>()
                .answers::<Answer<LoggedIn>>()
                .refuses(&[401]),
        ),
        shared(
            post("/auth/refresh", door::refresh)
                .public()
                .does("Get another pair of tokens; the one that is shown is spent by it")
                .takes::<RefreshBody>()
                .answers::<Answer<Refreshed>>()
                .refuses(&[401]),
        ),
        shared(get("/auth/me", door::me).does("Who I am").answers::<Answer<Me>>().refuses(&[404])),
        shared(post("/auth/logout", door::log_out).does("End this login").answers::<Answer<Done>>()),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Register")]
struct RegisterBody {
    #[serde(default)]
    #[schemars(!default)]
    tenant_name: Field<String>,
    #[serde(default)]
    tenant_slug: Field<String>,
    #[serde(default)]
    #[schemars(!default)]
    email: Field<String>,
    #[serde(default)]
    #[schemars(!default)]
    password: Field<String>,
    #[serde(default)]
    #[schemars(!default)]
    name: Field<String>,
}

impl RegisterBody {
    fn read(self) -> Result<SignUp, ServiceError> {
        let Self { tenant_name, tenant_slug, email, password, name } = self;
        let mut check = Check::default();
        let (organisation_name, name) = (long(&mut check, "tenantName", tenant_name), long(&mut check, "name", name));
        let slug = check.optional("tenantSlug", tenant_slug);
        let (email, password) = (check.required("email", email), check.required("password", password));
        check.finish(|| {
            Ok(SignUp {
                organisation_name: organisation_name?,
                slug: slug?,
                name: name?,
                email: email?,
                password: password?,
            })
        })
    }
}

fn long(check: &mut Check, field: &str, text: Field<String>) -> Result<Name, Noted> {
    let name: Name = check.required(field, text)?;
    if name.as_str().chars().count() < SHORTEST_NAME {
        return Err(check.note(field, "must be at least 2 characters long"));
    }
    Ok(name)
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "LogIn")]
pub struct LogInBody {
    #[serde(default)]
    #[schemars(!default)]
    email: Field<String>,
    #[serde(default)]
    #[schemars(!default)]
    password: Field<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Refresh")]
pub struct RefreshBody {
    #[serde(default)]
    #[schemars(!default)]
    refresh_token: Field<String>,
}

#[derive(Serialize, JsonSchema)]
struct Account {
    id: UserId,
    email: Option<String>,
    name: String,
    role: RoleWord,
}

impl From<User> for Account {
    fn from(user: User) -> Self {
        let User { id, email, name, role, .. } = user;
        Self { id, email, name, role: role.into() }
    }
}

/// Nobody is switched off: who is answered is active.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    id: OrganisationId,
    name: String,
    slug: String,
    /// Null: there are no plans here.
    plan: Option<String>,
    status: &'static str,
    theme_color: Option<String>,
    logo_url: Option<String>,
}

impl From<Organisation> for Tenant {
    fn from(organisation: Organisation) -> Self {
        let slug = organisations::slug(&organisation);
        let Organisation { id, name, .. } = organisation;
        Self { id, name, slug, plan: None, status: "ACTIVE", theme_color: None, logo_url: None }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct LoggedIn {
    user: Account,
    tenant: Tenant,
    token: String,
    refresh_token: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Refreshed {
    token: String,
    refresh_token: String,
}

#[derive(Serialize, JsonSchema)]
struct Me {
    user: Account,
    tenant: Tenant,
}

async fn logged_in(app: &App, signed_in: SignedIn) -> Result<LoggedIn, ServiceError> {
    let SignedIn { user, tokens } = signed_in;
    let tenant = organisations::of(app, user.organisation_id).await?.into();
    Ok(LoggedIn { user: user.into(), tenant, token: tokens.access_token, refresh_token: tokens.refresh_token })
}

async fn register(app: web::Data<App>, body: web::Json<RegisterBody>) -> Result<HttpResponse, Error> {
    let signed_in = accounts::sign_up(&app, body.into_inner().read()?, Dialect::Business).await.map_err(taken)?;
    Ok(made(&logged_in(&app, signed_in).await?))
}

pub async fn log_out(app: &App, principal: &Principal) -> Result<HttpResponse, ServiceError> {
    accounts::log_out(app, principal).await?;
    Ok(done("you are logged out"))
}

pub async fn log_in(app: &App, request: &HttpRequest, body: LogInBody) -> Result<HttpResponse, ServiceError> {
    let LogInBody { email, password } = body;
    let mut check = Check::default();
    // A password of the wrong length is wrong, not invalid.
    let (email, password) = (check.required::<EmailAddress>("email", email), check.required("password", password));
    let (email, password) = check.finish(|| Ok((email?, password?)))?;
    let address = client_address(request.head(), &app.config.server.trusted_proxies);
    let log_in = LogIn { account: email.into_string(), password, address };
    let signed_in = accounts::log_in(app, log_in, Dialect::Business).await?;
    Ok(ok(&logged_in(app, signed_in).await?))
}

/// Answers with another refresh token, so the one that is shown is spent.
pub async fn refresh(app: &App, body: RefreshBody) -> Result<HttpResponse, ServiceError> {
    let mut check = Check::default();
    let token = check.required::<String>("refreshToken", body.refresh_token);
    let token = check.finish(|| token)?;
    let pair = accounts::rotate(app, &RefreshToken::presented(token)).await?;
    Ok(ok(&Refreshed { token: pair.access_token, refresh_token: pair.refresh_token }))
}

pub async fn me(app: &App, principal: &Principal) -> Result<HttpResponse, ServiceError> {
    let user = accounts::me(app, principal).await?;
    let tenant = organisations::of(app, user.organisation_id).await?.into();
    Ok(ok(&Me { user: user.into(), tenant }))
}

/// What somebody else has is a bad field in this dialect.
fn taken(error: ServiceError) -> ServiceError {
    match error {
        ServiceError::Conflict { code: SLUG_TAKEN, message, .. } => ServiceError::invalid("tenantSlug", message),
        ServiceError::Conflict { message, .. } => ServiceError::invalid("email", message),
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn registering_names_every_bad_field() {
        let body: RegisterBody = serde_json::from_value(
            json!({"tenantName": "A", "tenantSlug": "Bad Slug", "email": "x", "password": "short", "plan": 1}),
        )
        .unwrap();
        assert_eq!(
            body.read().unwrap_err().to_string(),
            "tenantName: must be at least 2 characters long; name: is required; \
             tenantSlug: must be of lower-case letters, digits and dashes; email: must be an e-mail address; \
             password: must be at least 8 characters long"
        );
    }

    #[test]
    fn what_is_taken_is_a_bad_field() {
        let slug = taken(ServiceError::conflict(SLUG_TAKEN, "x"));
        assert_eq!(slug.to_string(), "tenantSlug: x");
        assert_eq!(taken(ServiceError::conflict("EMAIL_TAKEN", "x")).to_string(), "email: x");
    }
}
