//! `/scheduled-messages/{id}`: what is for later can be cancelled until it goes.

use actix_web::{HttpResponse, web};
use patchbay_domain::MessageId;

use super::{Error, Id, done};
use crate::{
    api::endpoint::{Endpoint, delete},
    app::App,
    auth::Principal,
    service::scheduled as service,
};

pub fn endpoints() -> Vec<Endpoint> {
    vec![delete("/scheduled-messages/{id}", cancel)]
}

async fn cancel(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<MessageId>>,
) -> Result<HttpResponse, Error> {
    service::cancel(&app, &principal, path.id).await?;
    Ok(done("the scheduled message was cancelled"))
}
