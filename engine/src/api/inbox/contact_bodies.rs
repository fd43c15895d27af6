//! What calls say of a contact.

use patchbay_domain::UserId;
use patchbay_store::people::ContactChange;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    api::fields::{Check, Field, Noted},
    service::{
        ServiceError,
        fields::{EmailAddress, FromText, Name},
        kinds::{bare, digits},
    },
};

/// Of tags and of followers.
const MOST: usize = 200;

/// A telephone number with its country, however it is written.
struct PhoneNumber(String);

impl FromText for PhoneNumber {
    fn from_text(text: &str) -> Result<Self, String> {
        let digits = digits(bare(text)).ok_or_else(|| "must be a telephone number with its country".to_owned())?;
        Ok(Self(format!("+{digits}")))
    }
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(rename = "UpdateContact")]
pub struct UpdateBody {
    email: Field<String>,
    phone: Field<String>,
    owner_id: Field<UserId>,
    followers: Field<Vec<UserId>>,
    tags: Field<Vec<String>>,
    dnd: Field<bool>,
    dnd_all: Field<bool>,
}

impl UpdateBody {
    pub fn read(self) -> Result<Vec<ContactChange>, ServiceError> {
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

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AddEmail")]
pub struct EmailBody {
    #[serde(default)]
    #[schemars(!default)]
    email: Field<String>,
    #[serde(default)]
    is_primary: Field<bool>,
}

impl EmailBody {
    pub fn read(self) -> Result<ContactChange, ServiceError> {
        let Self { email, is_primary } = self;
        let mut check = Check::default();
        let (email, is_primary) = (check.required("email", email), check.value("isPrimary", is_primary));
        check.finish(|| Ok(email_change(email?, is_primary?.unwrap_or(false))))
    }
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AddPhone")]
pub struct PhoneBody {
    #[serde(default)]
    #[schemars(!default)]
    phone: Field<String>,
    #[serde(default)]
    is_primary: Field<bool>,
}

impl PhoneBody {
    pub fn read(self) -> Result<ContactChange, ServiceError> {
        let Self { phone, is_primary } = self;
        let mut check = Check::default();
        let phone = check.required::<PhoneNumber>("phone", phone).map(|PhoneNumber(number)| number);
        let is_primary = check.value("isPrimary", is_primary);
        check.finish(|| Ok(ContactChange::Phone { number: phone?, is_primary: is_primary?.unwrap_or(false) }))
    }
}

#[derive(Default, Deserialize, JsonSchema)]
#[schemars(rename = "AddTag")]
pub struct TagBody {
    #[serde(default)]
    #[schemars(!default)]
    tag: Field<String>,
}

impl TagBody {
    pub fn read(self) -> Result<ContactChange, ServiceError> {
        let mut check = Check::default();
        let tag = check.required::<Name>("tag", self.tag);
        check.finish(|| Ok(ContactChange::Tag(tag?.into_string())))
    }
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AddFollower")]
pub struct FollowerBody {
    #[serde(default)]
    #[schemars(!default)]
    user_id: Field<UserId>,
}

impl FollowerBody {
    pub fn read(self) -> Result<ContactChange, ServiceError> {
        let mut check = Check::default();
        let user = check.required_value("userId", self.user_id);
        check.finish(|| Ok(ContactChange::Follow(user?)))
    }
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
