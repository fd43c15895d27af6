//! What is done to a session on its WAHA server: `/sessions/{id}/start`, `/stop`, `/restart`, `/logout`, `/status`, `/qr`
//! and `/pairing-code`.

use actix_web::{HttpResponse, http::header::ContentType, web};
use patchbay_domain::{ChannelId, platform::SessionState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Error, Id,
    answer::{Data, ok},
    rows::Session,
    words::StatusWord,
};
use crate::{
    api::{
        description::{Content, Described},
        endpoint::{Endpoint, get, post},
        fields::{Check, Field},
    },
    app::App,
    auth::Principal,
    service::{
        fields::FromText,
        sessions::linking::{self as service, Change},
    },
};

pub fn endpoints() -> Vec<Described> {
    let changes = |route: Endpoint, does| route.does(does).answers::<Data<Session>>().refuses(&[403, 502]);
    vec![
        changes(post("/sessions/{id}/start", start), "Start a session"),
        changes(post("/sessions/{id}/stop", stop), "Stop a session"),
        changes(post("/sessions/{id}/restart", restart), "Restart a session"),
        changes(post("/sessions/{id}/logout", log_out), "Unpair a session's phone"),
        get("/sessions/{id}/status", status)
            .does("Ask the server how a session is")
            .answers::<Data<Told>>()
            .refuses(&[403, 409, 422, 502]),
        get("/sessions/{id}/qr", qr)
            .does("The code to scan, as a PNG; a session that is down is started")
            .says(200, Content::Bytes)
            .refuses(&[403, 409, 422, 502]),
        post("/sessions/{id}/pairing-code", pairing_code)
            .does("A code to type on the phone; a session that is down is started")
            .takes::<PairingBody>()
            .answers::<Data<Pairing>>()
            .refuses(&[403, 502]),
    ]
}

/// A phone's own number in E.164, with or without the plus.
struct PhoneNumber(String);

impl FromText for PhoneNumber {
    fn from_text(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let digits = text.strip_prefix('+').unwrap_or(text);
        let is_number = (2..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
        if is_number && !digits.starts_with('0') {
            Ok(Self(format!("+{digits}")))
        } else {
            Err("must be a telephone number with its country, such as +4915112345678".to_owned())
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "AskForPairingCode")]
struct PairingBody {
    #[serde(default)]
    #[schemars(!default)]
    phone_number: Field<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PairingCode")]
struct Pairing {
    code: String,
    phone_number: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SessionStatus")]
struct Told {
    id: ChannelId,
    session_name: String,
    phone_number: Option<String>,
    status: StatusWord,
    /// In more words.
    state: String,
}

async fn start(app: web::Data<App>, by: Principal, path: web::Path<Id<ChannelId>>) -> Result<HttpResponse, Error> {
    change(&app, &by, path.id, Change::Start).await
}

async fn stop(app: web::Data<App>, by: Principal, path: web::Path<Id<ChannelId>>) -> Result<HttpResponse, Error> {
    change(&app, &by, path.id, Change::Stop).await
}

async fn restart(app: web::Data<App>, by: Principal, path: web::Path<Id<ChannelId>>) -> Result<HttpResponse, Error> {
    change(&app, &by, path.id, Change::Restart).await
}

async fn log_out(app: web::Data<App>, by: Principal, path: web::Path<Id<ChannelId>>) -> Result<HttpResponse, Error> {
    change(&app, &by, path.id, Change::Logout).await
}

async fn change(app: &App, principal: &Principal, id: ChannelId, change: Change) -> Result<HttpResponse, Error> {
    let channel = service::change(app, principal, id, change).await?;
    Ok(ok(Session::of(app, channel, None)))
}

async fn status(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ChannelId>>,
) -> Result<HttpResponse, Error> {
    let (channel, state) = service::status(&app, &principal, path.id).await?;
    Ok(ok(Told {
        id: channel.id,
        session_name: channel.name,
        phone_number: channel.session_phone,
        status: Some(state).into(),
        state: word(state),
    }))
}

fn word(state: SessionState) -> String {
    match state {
        SessionState::Stopped => "STOPPED",
        SessionState::Starting => "STARTING",
        SessionState::AwaitingQr => "AWAITING_QR",
        SessionState::AwaitingCode => "AWAITING_CODE",
        SessionState::Connected => "CONNECTED",
        SessionState::Disconnected => "DISCONNECTED",
        SessionState::Failed => "FAILED",
    }
    .to_owned()
}

async fn qr(app: web::Data<App>, principal: Principal, path: web::Path<Id<ChannelId>>) -> Result<HttpResponse, Error> {
    let picture = service::qr(&app, &principal, path.id).await?;
    Ok(HttpResponse::Ok().content_type(ContentType::png()).body(picture))
}

async fn pairing_code(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ChannelId>>,
    body: web::Json<PairingBody>,
) -> Result<HttpResponse, Error> {
    let mut check = Check::default();
    let phone = check.required::<PhoneNumber>("phone_number", body.into_inner().phone_number);
    let PhoneNumber(phone_number) = check.finish(|| phone)?;
    let code = service::pairing_code(&app, &principal, path.id, phone_number.clone()).await?;
    Ok(ok(Pairing { code, phone_number }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_its_country() {
        for text in ["+1234567890", "1234567890"] {
            assert!(PhoneNumber::from_text(text).is_ok_and(|PhoneNumber(number)| number == "+1234567890"), "{text}");
        }
        for wrong in ["", "+", "0123456", "+1 234", "1", "1234567890123456", "x@c.us"] {
            assert!(PhoneNumber::from_text(wrong).is_err(), "{wrong}");
        }
    }
}
