//! `/settings`: the organisation's WhatsApp number, and where its platform calls.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Answer, Error, auth::Tenant, ok, settings_body::SettingsBody};
use crate::{
    api::{
        description::Described,
        endpoint::{get, patch},
    },
    app::App,
    auth::{Admin, Principal},
    service::{WriteId, channels::ChannelView, default_channel as service, organisations},
};

/// What the connector reads of the platform's webhooks.
const EVENTS: [&str; 2] = ["messages", "message_template_status_update"];

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/settings", show).does("Show the settings").answers::<Answer<Shown>>(),
        patch("/settings", update)
            .does("Change the settings, after the platform was asked whether they work")
            .admins()
            .takes::<SettingsBody>()
            .answers::<Answer<Changed>>(),
    ]
}

#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Number")]
struct Number {
    phone_number_id: Option<String>,
    #[serde(rename = "phoneNumber")]
    phone: Option<String>,
    display_name: String,
    /// Never in clear.
    access_token: Option<String>,
    app_secret: Option<String>,
    business_account_id: Option<String>,
    is_valid: bool,
    last_validated_at: Option<DateTime<Utc>>,
    invalid_reason: Option<String>,
    /// `UNKNOWN`: the platform is not asked.
    quality_rating: &'static str,
    /// Null: nor for this.
    messaging_limit: Option<String>,
}

impl From<&ChannelView> for Number {
    fn from(view: &ChannelView) -> Self {
        let setting = |name: &str| view.config.get(name).and_then(Value::as_str).map(str::to_owned);
        let channel = &view.channel;
        Self {
            phone_number_id: setting("phoneNumberId"),
            phone: channel.session_phone.clone(),
            display_name: channel.name.clone(),
            access_token: setting("accessToken"),
            app_secret: setting("appSecret"),
            business_account_id: setting("businessAccountId"),
            is_valid: service::works(channel),
            last_validated_at: channel.last_connected_at,
            invalid_reason: channel.status_reason.clone(),
            quality_rating: "UNKNOWN",
            messaging_limit: None,
        }
    }
}

#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Webhook")]
struct Webhook {
    url: String,
    /// In clear for owners and administrators: it only guards the handshake.
    verify_token: Option<String>,
    verified_at: Option<DateTime<Utc>>,
    subscribed_events: [&'static str; 2],
    enabled: bool,
}

impl Webhook {
    fn of(app: &App, view: Option<&ChannelView>) -> Self {
        let token = view.and_then(|view| view.config.get("webhookVerifyToken")?.as_str().map(str::to_owned));
        Self {
            url: format!("{}/api/webhook", app.config.server.public_url),
            verify_token: token,
            verified_at: view.and_then(|view| view.channel.webhook_verified_at),
            subscribed_events: EVENTS,
            enabled: view.is_some_and(|view| service::is_switched_on(&view.channel)),
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Settings")]
struct Settings {
    waba: Option<Number>,
    webhook: Webhook,
    tenant: Tenant,
    whatsapp_config: Option<Number>,
    webhook_config: Webhook,
}

/// Where the front end looks for them, and where the document's clients do.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SettingsShown")]
struct Shown {
    settings: Settings,
    whatsapp_config: Option<Number>,
    webhook_config: Webhook,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SettingsChanged")]
struct Changed {
    message: &'static str,
    #[serde(flatten)]
    shown: Shown,
}

async fn shown(app: &App, principal: &Principal, view: Option<ChannelView>) -> Result<Shown, Error> {
    let number = view.as_ref().map(Number::from);
    let webhook = Webhook::of(app, view.as_ref());
    let settings = Settings {
        waba: number.clone(),
        webhook: webhook.clone(),
        tenant: organisations::get(app, principal).await?.into(),
        whatsapp_config: number.clone(),
        webhook_config: webhook.clone(),
    };
    Ok(Shown { settings, whatsapp_config: number, webhook_config: webhook })
}

async fn show(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, Error> {
    let view = service::get(&app, &principal).await?;
    Ok(ok(&shown(&app, &principal, view).await?))
}

async fn update(
    app: web::Data<App>,
    admin: Admin,
    write: WriteId,
    body: web::Json<SettingsBody>,
) -> Result<HttpResponse, Error> {
    let view = service::change(&app, &admin, write, body.into_inner().read()?).await?;
    Ok(ok(&Changed { message: "the settings were changed", shown: shown(&app, &admin, view).await? }))
}
