//! What people note about the contact of a conversation.

use patchbay_domain::ConversationId;
use patchbay_store::{
    address_book::ContactCard,
    listing::Shown,
    people::{ContactChange, ContactDetails, ContactOutcome, ContactPoint},
};
use serde_json::{Map, Value, json};

use super::{
    ServiceError,
    audit::{Action, Entity},
    conversations, users,
};
use crate::{app::App, auth::Principal};

/// All of the changes, or none.
pub async fn change(
    app: &App,
    principal: &Principal,
    conversation: ConversationId,
    changes: &[ContactChange],
) -> Result<Shown, ServiceError> {
    let known = conversations::find(app, principal, conversation).await?;
    if changes.is_empty() {
        return conversations::get(app, principal, conversation).await;
    }
    for change in changes {
        match change {
            ContactChange::Owner(Some(user)) | ContactChange::Follow(user) => {
                users::active(app, principal, *user).await?;
            }
            ContactChange::Followers(followers) => {
                for user in followers {
                    users::active(app, principal, *user).await?;
                }
            }
            _ => {}
        }
    }
    let before = conversations::get(app, principal, conversation).await?;
    let (before, after) = told(&Noted::of_conversation(&before), changes);
    let audit = principal.did(Action::Update, Entity::Contact, known.contact_id).with_change(before, after);
    let now = (app.clock)();
    let outcome =
        app.store.change_contact(principal.organisation_id, known.contact_id, changes, Some(&audit), now).await?;
    match outcome {
        ContactOutcome::Changed => conversations::get(app, principal, conversation).await,
        ContactOutcome::Unknown => Err(ServiceError::NotFound("contact")),
        ContactOutcome::Unreadable => {
            Err(ServiceError::invalid("phone", "must be a telephone number with its country"))
        }
        ContactOutcome::Taken(contact) => Err(ServiceError::Conflict {
            code: "ADDRESS_TAKEN",
            message: "this number or address is another contact's".to_owned(),
            id: Some(contact.to_string()),
        }),
    }
}

/// What is noted about a contact, as a change finds it.
pub(super) struct Noted<'a> {
    details: &'a ContactDetails,
    name: &'a str,
    company: Option<&'a str>,
    notes: Option<&'a str>,
}

impl<'a> Noted<'a> {
    fn of_conversation(shown: &'a Shown) -> Self {
        let handling = &shown.conversation.handling;
        let (company, notes) = (handling.company.as_deref(), handling.notes.as_deref());
        Self { details: &shown.contact, name: &handling.contact_name, company, notes }
    }

    pub(super) fn of_card(card: &'a ContactCard) -> Self {
        let (company, notes) = (card.company.as_deref(), card.notes.as_deref());
        Self { details: &card.details, name: &card.name, company, notes }
    }
}

/// What is changed, as it was and as it was asked for.
pub(super) fn told(noted: &Noted<'_>, changes: &[ContactChange]) -> (Value, Value) {
    let Noted { details: known, name, company, notes } = noted;
    let (mut before, mut after) = (Map::new(), Map::new());
    for change in changes {
        let followers = || json!(known.followers.iter().map(|one| one.id).collect::<Vec<_>>());
        let values =
            |points: &[ContactPoint]| json!(points.iter().map(|point| point.value.clone()).collect::<Vec<_>>());
        let (field, was, asked) = match change {
            ContactChange::Phone { number, .. } | ContactChange::OnlyPhone(number) => {
                ("phone", values(&known.phones), json!(number))
            }
            ContactChange::Email { address, .. } => ("email", values(&known.emails), json!(address)),
            ContactChange::Owner(owner) => ("ownerId", json!(known.owner.as_ref().map(|one| one.id)), json!(owner)),
            ContactChange::Followers(users) => ("followers", followers(), json!(users)),
            ContactChange::Follow(user) => ("followed", followers(), json!(user)),
            ContactChange::Unfollow(user) => ("unfollowed", followers(), json!(user)),
            ContactChange::Tags(tags) => ("tags", json!(known.tags), json!(tags)),
            ContactChange::Tag(tag) => ("tagged", json!(known.tags), json!(tag)),
            ContactChange::Untag(tag) => ("untagged", json!(known.tags), json!(tag)),
            ContactChange::DoNotDisturb(on) => ("doNotDisturb", json!(known.do_not_disturb), json!(on)),
            ContactChange::DoNotDisturbAll(on) => ("doNotDisturbAll", json!(known.do_not_disturb_all), json!(on)),
            ContactChange::OnlyEmail(address) => ("email", values(&known.emails), json!(address)),
            ContactChange::Name(asked) => ("name", json!(name), json!(asked)),
            ContactChange::Company(asked) => ("company", json!(company), json!(asked)),
            ContactChange::Notes(asked) => ("notes", json!(notes), json!(asked)),
        };
        before.insert(field.to_owned(), was);
        after.insert(field.to_owned(), asked);
    }
    (Value::Object(before), Value::Object(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_with_what_was_before() {
        let details = ContactDetails { tags: vec!["vip".to_owned()], ..ContactDetails::default() };
        let known = Noted { details: &details, name: "Ann", company: Some("Acme"), notes: None };
        let changes = [ContactChange::DoNotDisturb(true), ContactChange::Tag("new".to_owned())];
        let (before, after) = told(&known, &changes);
        assert_eq!(before, json!({"doNotDisturb": false, "tagged": ["vip"]}));
        assert_eq!(after, json!({"doNotDisturb": true, "tagged": "new"}));
        let changes = [
            ContactChange::Name("Anna".to_owned()),
            ContactChange::Company(None),
            ContactChange::Notes(Some("n".to_owned())),
        ];
        let (before, after) = told(&known, &changes);
        assert_eq!(before, json!({"name": "Ann", "company": "Acme", "notes": null}));
        assert_eq!(after, json!({"name": "Anna", "company": null, "notes": "n"}));
    }
}
