//! `/scheduled-messages/{id}`: what is for later can be cancelled until it goes.

use actix_web::{HttpResponse, web};
use patchbay_domain::MessageId;

use super::{Answer, Done, Error, Id, done};
use crate::{
    api::{description::Described, endpoint::delete},
    app::App,
    auth::Principal,
    service::scheduled as service,
};

pub fn endpoints() -> Vec<Described> {
    vec![delete("/scheduled-messages/{id}", cancel).does("Cancel what is for later").answers::<Answer<Done>>()]
}

async fn cancel(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<MessageId>>,
) -> Result<HttpResponse, Error> {
    service::cancel(&app, &principal, path.id).await?;
    Ok(done("the scheduled message was cancelled"))
}
