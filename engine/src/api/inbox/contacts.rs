//! `/conversations/{id}/contact`: what is known of the person on the other side.

use actix_web::{HttpResponse, web};
use patchbay_domain::{ConversationId, UserId};
use patchbay_store::people::ContactChange;
use serde::Deserialize;

use super::{Error, Id, made, ok, views::Contact};
use crate::{
    api::{
        endpoint::{Endpoint, delete, get, patch, post},
        fields::{Check, Field, Noted},
    },
    app::App,
    auth::Principal,
    service::{
        ServiceError, contacts as service, conversations,
        fields::{EmailAddress, FromText, Name},
        kinds::{bare, digits},
    },
};

/// Of tags and of followers.
const MOST: usize = 200;

pub fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/conversations/{id}/contact", show),
        patch("/conversations/{id}/contact", update),
        post("/conversations/{id}/contact/emails", add_email),
        post("/conversations/{id}/contact/phones", add_phone),
        post("/conversations/{id}/contact/tags", add_tag),
        delete("/conversations/{id}/contact/tags/{tag}", remove_tag),
        post("/conversations/{id}/contact/followers", add_follower),
        delete("/conversations/{id}/contact/followers/{user}", remove_follower),
    ]
}

/// A telephone number with its country, however it is written.
struct PhoneNumber(String);

impl FromText for PhoneNumber {
    fn from_text(text: &str) -> Result<Self, String> {
        let digits = digits(bare(text)).ok_or_else(|| "must be a telephone number with its country".to_owned())?;
        Ok(Self(format!("+{digits}")))
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct UpdateBody {
    email: Field<String>,
    phone: Field<String>,
    owner_id: Field<UserId>,
    followers: Field<Vec<UserId>>,
    tags: Field<Vec<String>>,
    dnd: Field<bool>,
    dnd_all: Field<bool>,
}

impl UpdateBody {
    fn read(self) -> Result<Vec<ContactChange>, ServiceError> {
        let Self { email, phone, owner_id, followers, tags, dnd, dnd_all } = self;
        let mut check = Check::default();
        let email = check.optional::<EmailAddress>("email", email);
        let phone = check.optional::<PhoneNumber>("phone", phone);
        let owner = check.nullable("ownerId", owner_id);
        let followers = check.value("followers", followers).and_then(|users| few(&mut check, "followers", users));
        let tags = check.value("tags", tags).and_then(|tags| few(&mut check, "tags", tags));
        let tags = tags.and_then(|tags| tags.map(|tags| plain_tags(&mut check, &tags)).transpose());
        let (dnd, dnd_all) = (check.value("dnd", dnd), check.value("dndAll", dnd_all));
        check.finish(|| {
            let email = email?.map(|address| email_change(address, true));
            let phone = phone?.map(|PhoneNumber(number)| ContactChange::Phone { number, is_primary: true });
            let changes = [
                email,
                phone,
                owner?.map(ContactChange::Owner),
                followers?.map(ContactChange::Followers),
                tags?.map(ContactChange::Tags),
                dnd?.map(ContactChange::DoNotDisturb),
                dnd_all?.map(ContactChange::DoNotDisturbAll),
            ];
            Ok(changes.into_iter().flatten().collect())
        })
    }
}

fn few<T>(check: &mut Check, name: &str, items: Option<Vec<T>>) -> Result<Option<Vec<T>>, Noted> {
    match items {
        Some(items) if items.len() > MOST => Err(check.note(name, "must be at most 200")),
        items => Ok(items),
    }
}

fn plain_tags(check: &mut Check, tags: &[String]) -> Result<Vec<String>, Noted> {
    let plain: Result<Vec<_>, _> = tags.iter().map(|tag| Name::from_text(tag).map(Name::into_string)).collect();
    plain.map_err(|problem| check.note("tags", problem))
}

fn email_change(address: EmailAddress, is_primary: bool) -> ContactChange {
    ContactChange::Email { address: address.into_string(), is_primary }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct EmailBody {
    email: Field<String>,
    is_primary: Field<bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PhoneBody {
    phone: Field<String>,
    is_primary: Field<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TagBody {
    tag: Field<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct FollowerBody {
    user_id: Field<UserId>,
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
    let EmailBody { email, is_primary } = body.into_inner();
    let mut check = Check::default();
    let (email, is_primary) = (check.required("email", email), check.value("isPrimary", is_primary));
    let added = check.finish(|| Ok(email_change(email?, is_primary?.unwrap_or(false))))?;
    Ok(made(change(&app, &principal, path.id, &[added]).await?))
}

async fn add_phone(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ConversationId>>,
    body: web::Json<PhoneBody>,
) -> Result<HttpResponse, Error> {
    let PhoneBody { phone, is_primary } = body.into_inner();
    let mut check = Check::default();
    let phone = check.required::<PhoneNumber>("phone", phone).map(|PhoneNumber(number)| number);
    let is_primary = check.value("isPrimary", is_primary);
    let added =
        check.finish(|| Ok(ContactChange::Phone { number: phone?, is_primary: is_primary?.unwrap_or(false) }))?;
    Ok(made(change(&app, &principal, path.id, &[added]).await?))
}

async fn add_tag(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ConversationId>>,
    body: web::Json<TagBody>,
) -> Result<HttpResponse, Error> {
    let mut check = Check::default();
    let tag = check.required::<Name>("tag", body.into_inner().tag);
    let added = check.finish(|| Ok(ContactChange::Tag(tag?.into_string())))?;
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
    let mut check = Check::default();
    let user = check.required_value("userId", body.into_inner().user_id);
    let added = check.finish(|| Ok(ContactChange::Follow(user?)))?;
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(body: Value) -> Result<Vec<ContactChange>, String> {
        serde_json::from_value::<UpdateBody>(body).unwrap().read().map_err(|error| error.to_string())
    }

    #[test]
    fn only_what_is_given_changes() {
        assert_eq!(read(json!({})), Ok(vec![]));
        let number = "+4915112345678".to_owned();
        assert_eq!(
            read(json!({"phone": "whatsapp:+49 151 12345678", "ownerId": null, "dnd": true})),
            Ok(vec![
                ContactChange::Phone { number, is_primary: true },
                ContactChange::Owner(None),
                ContactChange::DoNotDisturb(true),
            ])
        );
    }

    #[test]
    fn what_is_wrong_is_told_by_field() {
        let told = read(json!({"phone": "12", "tags": ["a", ""]})).unwrap_err();
        assert_eq!(told, "phone: must be a telephone number with its country; tags: must not be empty");
    }
}
