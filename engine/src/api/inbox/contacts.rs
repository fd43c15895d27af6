//! `/conversations/{id}/contact`: what is known of the person on the other side.

use actix_web::{HttpResponse, web};
use patchbay_domain::{ConversationId, UserId};
use patchbay_store::people::ContactChange;
use serde::Deserialize;

use super::{
    Answer, Error, Id,
    contact_bodies::{EmailBody, FollowerBody, PhoneBody, TagBody, UpdateBody},
    made, ok,
    views::Contact,
};
use crate::{
    api::{
        description::Described,
        endpoint::{delete, get, patch, post},
    },
    app::App,
    auth::Principal,
    service::{contacts as service, conversations},
};

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/conversations/{id}/contact", show).does("Show a contact").answers::<Answer<Contact>>(),
        patch("/conversations/{id}/contact", update)
            .does("Change what is known of a contact")
            .takes::<UpdateBody>()
            .answers::<Answer<Contact>>(),
        post("/conversations/{id}/contact/emails", add_email)
            .does("Add an e-mail address")
            .takes::<EmailBody>()
            .creates::<Answer<Contact>>(),
        post("/conversations/{id}/contact/phones", add_phone)
            .does("Add a telephone number")
            .takes::<PhoneBody>()
            .creates::<Answer<Contact>>(),
        post("/conversations/{id}/contact/tags", add_tag)
            .does("Add a tag")
            .takes::<TagBody>()
            .creates::<Answer<Contact>>(),
        delete("/conversations/{id}/contact/tags/{tag}", remove_tag)
            .does("Remove a tag")
            .names::<String>("tag")
            .answers::<Answer<Contact>>(),
        post("/conversations/{id}/contact/followers", add_follower)
            .does("Add a follower")
            .takes::<FollowerBody>()
            .creates::<Answer<Contact>>(),
        delete("/conversations/{id}/contact/followers/{user}", remove_follower)
            .does("Remove a follower")
            .answers::<Answer<Contact>>(),
    ]
}

#[derive(Deserialize)]
struct TagPath {
    id: ConversationId,
    tag: String,
}

#[derive(Deserialize)]
struct FollowerPath {
    id: ConversationId,
    user: UserId,
}

async fn show(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ConversationId>>,
) -> Result<HttpResponse, Error> {
    Ok(ok(Contact::from(conversations::get(&app, &principal, path.id).await?.contact)))
}

async fn update(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ConversationId>>,
    body: web::Json<UpdateBody>,
) -> Result<HttpResponse, Error> {
    let changes = body.into_inner().read()?;
    Ok(ok(change(&app, &principal, path.id, &changes).await?))
}

async fn add_email(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ConversationId>>,
    body: web::Json<EmailBody>,
) -> Result<HttpResponse, Error> {
    let added = body.into_inner().read()?;
    Ok(made(change(&app, &principal, path.id, &[added]).await?))
}

async fn add_phone(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ConversationId>>,
    body: web::Json<PhoneBody>,
) -> Result<HttpResponse, Error> {
    let added = body.into_inner().read()?;
    Ok(made(change(&app, &principal, path.id, &[added]).await?))
}

async fn add_tag(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ConversationId>>,
    body: web::Json<TagBody>,
) -> Result<HttpResponse, Error> {
    let added = body.into_inner().read()?;
    Ok(made(change(&app, &principal, path.id, &[added]).await?))
}

async fn remove_tag(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<TagPath>,
) -> Result<HttpResponse, Error> {
    let TagPath { id, tag } = path.into_inner();
    Ok(ok(change(&app, &principal, id, &[ContactChange::Untag(tag)]).await?))
}

async fn add_follower(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ConversationId>>,
    body: web::Json<FollowerBody>,
) -> Result<HttpResponse, Error> {
    let added = body.into_inner().read()?;
    Ok(made(change(&app, &principal, path.id, &[added]).await?))
}

async fn remove_follower(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<FollowerPath>,
) -> Result<HttpResponse, Error> {
    let FollowerPath { id, user } = path.into_inner();
    Ok(ok(change(&app, &principal, id, &[ContactChange::Unfollow(user)]).await?))
}

async fn change(
    app: &App,
    principal: &Principal,
    id: ConversationId,
    changes: &[ContactChange],
) -> Result<Contact, Error> {
    Ok(service::change(app, principal, id, changes).await?.contact.into())
}
