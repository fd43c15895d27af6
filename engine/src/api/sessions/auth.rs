//! `/auth`: what the door does for this dialect, and what is this dialect's alone.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use chrono::{DateTime, Utc};
use patchbay_domain::{UserId, people::Dialect};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Error,
    answer::{Data, Done, done, ok},
    error::{ACCOUNT_DEACTIVATED, AUTHENTICATION_FAILED},
    users::{User, shown_name},
    words::RoleWord,
};
use crate::{
    api::{
        description::Described,
        door::{self, shared},
        endpoint::{get, post},
        fields::{Check, Field},
        problem::Problem,
    },
    app::App,
    auth::{Principal, RefreshToken, client_address},
    service::{
        ServiceError,
        accounts::{self, LogIn, Pair, SignedIn, SwitchedOff},
        staff,
    },
};

pub fn endpoints() -> Vec<Described> {
    vec![
        shared(
            post("/auth/login", door::log_in)
                .public()
                .does("Log in")
                .takes::<LogInBody>()
                .answers::<LoggedIn>()
                .refuses(&[401, 403]),
        ),
        shared(
            post("/auth/refresh", door::refresh)
                .public()
                .does("Get another pair of tokens")
                .takes::<RefreshBody>()
                .answers::<Refreshed>()
                .refuses(&[401]),
        ),
        shared(get("/auth/me", door::me).does("Who I am").answers::<Me>()),
        shared(post("/auth/logout", door::log_out).does("Log out").answers::<Done>()),
        shared(
            get("/health", door::health)
                .machine()
                .does("Is anybody there?")
                .answers::<door::Health>()
                .answers_with::<door::Health>(503),
        ),
        post("/auth/change-password", change_password)
            .does("Change one's own password")
            .takes::<ChangePasswordBody>()
            .answers::<Done>(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "LogIn")]
pub struct LogInBody {
    /// Or an e-mail address
    #[serde(default)]
    #[schemars(!default)]
    username: Field<String>,
    #[serde(default)]
    #[schemars(!default)]
    password: Field<String>,
}

impl LogInBody {
    fn read(self) -> Result<(String, String), ServiceError> {
        let Self { username, password } = self;
        let mut check = Check::default();
        let username = check.required::<String>("username", username);
        let username = username.and_then(|username| match username.trim() {
            "" => Err(check.note("username", "must not be empty")),
            username => Ok(username.to_owned()),
        });
        let password = check.required("password", password);
        check.finish(|| Ok((username?, password?)))
    }
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Refresh")]
pub struct RefreshBody {
    #[serde(default)]
    #[schemars(!default)]
    refresh_token: Field<String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ChangePassword")]
struct ChangePasswordBody {
    #[serde(default)]
    #[schemars(!default)]
    current_password: Field<String>,
    #[serde(default)]
    #[schemars(!default)]
    new_password: Field<String>,
}

pub type LoggedIn = Data<Session>;
pub type Refreshed = Data<Tokens>;
pub type Me = Data<User>;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Login")]
pub struct Session {
    user: Account,
    #[serde(flatten)]
    tokens: Tokens,
}

#[derive(Serialize, JsonSchema)]
struct Account {
    id: UserId,
    username: String,
    role: RoleWord,
}

#[derive(Serialize, JsonSchema)]
pub struct Tokens {
    access_token: String,
    refresh_token: String,
    /// Seconds since 1970
    expires_at: i64,
}

impl From<Pair> for Tokens {
    fn from(pair: Pair) -> Self {
        let Pair { access_token, refresh_token, access_until } = pair;
        Self { access_token, refresh_token, expires_at: seconds(access_until) }
    }
}

pub fn seconds(at: DateTime<Utc>) -> i64 {
    at.timestamp()
}

pub async fn log_in(app: &App, request: &HttpRequest, body: LogInBody) -> Result<HttpResponse, Problem> {
    let (account, password) = body.read()?;
    let address = client_address(request.head(), &app.config.server.trusted_proxies);
    let log_in = LogIn { account, password, address };
    match accounts::log_in_unless_off(app, log_in, Dialect::Sessions).await.map_err(refused)? {
        Ok(SignedIn { user, tokens }) => {
            let account = Account { id: user.id, username: shown_name(&user), role: user.role.into() };
            Ok(ok(Session { user: account, tokens: tokens.into() }))
        }
        Err(SwitchedOff) => {
            let refused = ServiceError::Forbidden("this account is switched off; ask whoever made it".to_owned());
            Err(Problem { code: ACCOUNT_DEACTIVATED, ..refused.into() })
        }
    }
}

fn refused(error: ServiceError) -> Problem {
    let problem = Problem::from(error);
    if problem.status == StatusCode::UNAUTHORIZED {
        return Problem { code: AUTHENTICATION_FAILED, ..problem };
    }
    problem
}

pub async fn refresh(app: &App, body: RefreshBody) -> Result<HttpResponse, Problem> {
    let mut check = Check::default();
    let token = check.required::<String>("refresh_token", body.refresh_token);
    let token = check.finish(|| Ok(RefreshToken::presented(token?)))?;
    Ok(ok(Tokens::from(accounts::rotate(app, &token).await?)))
}

pub async fn me(app: &App, principal: &Principal) -> Result<HttpResponse, Problem> {
    Ok(ok(User::from(accounts::me(app, principal).await?)))
}

pub async fn log_out(app: &App, principal: &Principal) -> Result<HttpResponse, ServiceError> {
    accounts::log_out(app, principal).await?;
    Ok(done("Logged out successfully"))
}

async fn change_password(
    app: web::Data<App>,
    principal: Principal,
    body: web::Json<ChangePasswordBody>,
) -> Result<HttpResponse, Error> {
    let ChangePasswordBody { current_password, new_password } = body.into_inner();
    let mut check = Check::default();
    let (current, new) =
        (check.required("current_password", current_password), check.required("new_password", new_password));
    let (current, new) = check.finish(|| Ok((current?, new?)))?;
    staff::change_password(&app, &principal, current, new).await?;
    Ok(done("Password changed successfully"))
}
