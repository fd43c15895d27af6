//! `/webhooks/twilio/…`: addresses that all channels of a type share, for those
//! who set one address up for all their numbers. Whose a call is, it says itself.

use actix_web::{HttpRequest, HttpResponse, web};

use super::Error;
use crate::{
    api::{
        endpoint::{Endpoint, post},
        webhook,
    },
    app::App,
    ingress::Target,
};

pub fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/webhooks/twilio/sms", sms).machine(),
        post("/webhooks/twilio/sms/status", sms).machine(),
        post("/webhooks/twilio/whatsapp", whatsapp).machine(),
        post("/webhooks/twilio/whatsapp/status", whatsapp).machine(),
        post("/webhooks/twilio/email", email).machine(),
        post("/webhooks/twilio/email/status", email).machine(),
    ]
}

async fn sms(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Error> {
    receive(&app, "TWILIO_SMS", &request, payload).await
}

async fn whatsapp(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Error> {
    receive(&app, "TWILIO_WHATSAPP", &request, payload).await
}

async fn email(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Error> {
    receive(&app, "EMAIL", &request, payload).await
}

async fn receive(
    app: &App,
    channel_type: &str,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    Ok(webhook::receive(app, Target::Shared(vec![channel_type.to_owned()]), request, payload).await?)
}
