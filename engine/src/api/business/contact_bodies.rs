//! What is said of a contact that is added or changed.

use patchbay_store::people::ContactChange;
use schemars::JsonSchema;
use serde::Deserialize;

use super::conversations::read_tags;
use crate::{
    api::fields::{Check, Field, Noted},
    service::{
        ServiceError,
        address_book::ContactDraft,
        fields::{EmailAddress, FromText, Name, Notes, PhoneNumber, Tag},
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ContactFields")]
pub struct ContactBody {
    /// With its country
    #[serde(default)]
    phone_number: Field<String>,
    #[serde(default)]
    name: Field<String>,
    #[serde(default)]
    email: Field<String>,
    #[serde(default)]
    company: Field<String>,
    #[serde(default)]
    notes: Field<String>,
    #[serde(default)]
    tags: Field<Vec<String>>,
}

/// An empty text takes away what there is, as null does.
#[expect(clippy::option_option, reason = "left, taken away and given are three things")]
fn cleared<T: FromText>(check: &mut Check, name: &str, field: Field<String>) -> Result<Option<Option<T>>, Noted> {
    match check.nullable(name, field)? {
        None => Ok(None),
        Some(text) => {
            let text = text.filter(|text| !text.trim().is_empty()).map(|text| T::from_text(&text)).transpose();
            text.map(Some).map_err(|problem| check.note(name, problem))
        }
    }
}

impl ContactBody {
    pub fn draft(self) -> Result<ContactDraft, ServiceError> {
        let Self { phone_number, name, email, company, notes, tags } = self;
        let mut check = Check::default();
        let phone = check.required("phoneNumber", phone_number);
        let (name, email) = (cleared(&mut check, "name", name), cleared(&mut check, "email", email));
        let (company, notes) = (cleared(&mut check, "company", company), cleared(&mut check, "notes", notes));
        let tags = check.value("tags", tags).and_then(|list| read_tags(&mut check, &list.unwrap_or_default()));
        check.finish(|| {
            Ok(ContactDraft {
                phone: phone?,
                name: name?.flatten(),
                email: email?.flatten(),
                company: company?.flatten(),
                notes: notes?.flatten(),
                tags: tags?,
            })
        })
    }

    pub fn changes(self) -> Result<Vec<ContactChange>, ServiceError> {
        let Self { phone_number, name, email, company, notes, tags } = self;
        let mut check = Check::default();
        let phone = check.optional::<PhoneNumber>("phoneNumber", phone_number);
        let name = check.optional::<Name>("name", name);
        let email = cleared::<EmailAddress>(&mut check, "email", email);
        let (company, notes) =
            (cleared::<Name>(&mut check, "company", company), cleared::<Notes>(&mut check, "notes", notes));
        let tags = check.value("tags", tags).and_then(|list| list.map(|list| read_tags(&mut check, &list)).transpose());
        check.finish(|| {
            let tags = tags?.map(|tags| tags.into_iter().map(Tag::into_string).collect());
            let changes = [
                phone?.map(|phone| ContactChange::OnlyPhone(phone.into_string())),
                name?.map(|name| ContactChange::Name(name.into_string())),
                email?.map(|email| ContactChange::OnlyEmail(email.map(EmailAddress::into_string))),
                company?.map(|company| ContactChange::Company(company.map(Name::into_string))),
                notes?.map(|notes| ContactChange::Notes(notes.map(Notes::into_string))),
                tags.map(ContactChange::Tags),
            ];
            Ok(changes.into_iter().flatten().collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn body(value: Value) -> ContactBody {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn only_the_number_is_needed() {
        let draft = body(json!({"phoneNumber": "+49 151 12345678", "email": ""})).draft().unwrap();
        assert_eq!((draft.phone.as_str(), draft.email), ("+4915112345678", None));
        assert_eq!(body(json!({"name": "Ann"})).draft().unwrap_err().to_string(), "phoneNumber: is required");
    }

    #[test]
    fn what_is_not_mentioned_stays_and_what_is_empty_goes() {
        let changes = body(json!({"email": null, "company": "", "notes": "n"})).changes().unwrap();
        assert_eq!(
            changes,
            [ContactChange::OnlyEmail(None), ContactChange::Company(None), ContactChange::Notes(Some("n".to_owned())),]
        );
    }
}
