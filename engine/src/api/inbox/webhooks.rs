//! `/webhooks/twilio/…`: addresses that all channels of a type share, for those
//! who set one address up for all their numbers. Whose a call is, it says itself.

use actix_web::{HttpRequest, HttpResponse, web};

use super::Error;
use crate::{
    api::{
        description::{Content, Described},
        endpoint::{Endpoint, post},
        webhook,
    },
    app::App,
    ingress::Target,
};

pub fn endpoints() -> Vec<Described> {
    let call = |endpoint: Endpoint, summary| {
        endpoint.machine().does(summary).takes_bytes().says(200, Content::Bytes).refuses(&[401, 404])
    };
    vec![
        call(post("/webhooks/twilio/sms", sms), "Twilio tells of an SMS"),
        call(post("/webhooks/twilio/sms/status", sms), "Twilio tells how far an SMS is"),
        call(post("/webhooks/twilio/whatsapp", whatsapp), "Twilio tells of a WhatsApp message"),
        call(post("/webhooks/twilio/whatsapp/status", whatsapp), "Twilio tells how far a WhatsApp message is"),
        call(post("/webhooks/twilio/email", email), "SendGrid brings a mail"),
        call(post("/webhooks/twilio/email/status", email), "SendGrid tells what became of mails"),
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
