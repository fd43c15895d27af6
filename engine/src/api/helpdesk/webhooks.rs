//! `/webhook/{channelId}`: where the platforms of every channel call.

use actix_web::{HttpRequest, HttpResponse, web};
use patchbay_domain::ChannelId;

use super::{Error, Id};
use crate::{
    api::{
        endpoint::{Endpoint, get, post},
        webhook,
    },
    app::App,
    ingress::Target,
};

pub fn endpoints() -> Vec<Endpoint> {
    vec![get("/{id}", receive).machine(), post("/{id}", receive).machine()]
}

async fn receive(
    app: web::Data<App>,
    path: web::Path<Id<ChannelId>>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    Ok(webhook::receive(&app, Target::Channel(path.id), &request, payload).await?)
}
