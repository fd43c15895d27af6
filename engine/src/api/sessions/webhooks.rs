//! `/webhooks/waha`: one address for all sessions of a WAHA server. Of which session a call is, it says itself.

use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Serialize;

use super::Error;
use crate::{
    api::{description::Described, endpoint::post, webhook},
    app::App,
    ingress::Target,
    service::sessions::CHANNEL_TYPE,
};

pub fn endpoints() -> Vec<Described> {
    vec![
        post("/webhooks/waha", receive)
            .machine()
            .does("A WAHA server's call")
            .takes_bytes()
            .answers::<Taken>()
            .refuses(&[401, 404]),
    ]
}

/// It is durable.
#[derive(Serialize, JsonSchema)]
struct Taken {
    success: bool,
}

async fn receive(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Error> {
    let target = Target::Shared(vec![CHANNEL_TYPE.to_owned()]);
    let answer = webhook::receive(&app, target, &request, payload).await?;
    if answer.status().is_success() { Ok(HttpResponse::Ok().json(Taken { success: true })) } else { Ok(answer) }
}
