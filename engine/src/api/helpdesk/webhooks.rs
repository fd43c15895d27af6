//! `/webhook/{channelId}`: where the platforms of every channel call.

use actix_web::{HttpRequest, HttpResponse, web};
use patchbay_domain::ChannelId;

use super::{Error, Id};
use crate::{
    api::{
        description::{Content, Described},
        endpoint::{get, post},
        webhook,
    },
    app::App,
    ingress::Target,
};

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/{id}", receive)
            .machine()
            .does("A platform's handshake")
            .says(200, Content::Text)
            .refuses(&[400, 401, 403, 413]),
        post("/{id}", receive)
            .machine()
            .does("A platform's call, as its connector understands it")
            .takes_bytes()
            .says(200, Content::Bytes)
            .refuses(&[401]),
    ]
}

async fn receive(
    app: web::Data<App>,
    path: web::Path<Id<ChannelId>>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    Ok(webhook::receive(&app, Target::Channel(path.id), &request, payload).await?)
}
