//! The address book: finding contacts, adding, changing and taking them out.

use patchbay_domain::ContactId;
use patchbay_store::{
    address_book::{AddedContact, ContactCard, ContactCursor, NewContact},
    listing::Shown,
    people::{ContactChange, ContactOutcome},
    tickets::Page,
};
use serde_json::{Value, json};

use super::{
    ServiceError, WriteId,
    audit::{Action, Entity},
    contacts::{Noted, told},
    fields::{EmailAddress, Name, Notes, PhoneNumber, Tag},
    page::{Listed, Part},
};
use crate::{app::App, auth::Principal};

/// So many of the latest conversations are shown with a contact.
const LATEST: u32 = 10;
/// Of one contact.
pub const MOST_TAGS: usize = 200;

#[derive(Debug)]
pub struct ContactDraft {
    pub phone: PhoneNumber,
    pub name: Option<Name>,
    pub email: Option<EmailAddress>,
    pub company: Option<Name>,
    pub notes: Option<Notes>,
    pub tags: Vec<Tag>,
}

impl ContactDraft {
    pub fn with_id(self, id: ContactId) -> NewContact {
        let Self { phone, name, email, company, notes, tags } = self;
        NewContact {
            id,
            phone: phone.into_string(),
            name: name.map(Name::into_string),
            email: email.map(EmailAddress::into_string),
            company: company.map(Name::into_string),
            notes: notes.map(Notes::into_string),
            tags: tags.into_iter().map(Tag::into_string).collect(),
        }
    }
}

/// The newest first.
pub async fn list(
    app: &App,
    principal: &Principal,
    search: Option<&str>,
    part: Part<ContactCursor>,
) -> Result<Listed<ContactCard>, ServiceError> {
    let organisation = principal.organisation_id;
    let items = following(app, principal, search, part).await?;
    let total = app.store.count_contact_cards(organisation, search).await?;
    let place = |last: &ContactCard| ContactCursor { created_at: last.created_at, id: last.id };
    Ok(Listed::of(items, total, part.limit(), place))
}

/// The same without counting all of them, for whoever reads to the end.
pub async fn following(
    app: &App,
    principal: &Principal,
    search: Option<&str>,
    part: Part<ContactCursor>,
) -> Result<Vec<ContactCard>, ServiceError> {
    let page = Page { limit: part.limit(), offset: part.offset(), after: part.after() };
    Ok(app.store.contact_cards(principal.organisation_id, search, page).await?)
}

/// The number by which they are reached first.
pub fn phone(card: &ContactCard) -> Option<String> {
    card.details.phones.first().map(|point| point.value.clone())
}

pub fn email(card: &ContactCard) -> Option<String> {
    card.details.emails.first().map(|point| point.value.clone())
}

/// Nothing where they are only called by their number.
pub fn name(card: &ContactCard) -> Option<&str> {
    let is_number = card.details.phones.iter().any(|point| point.value == card.name);
    (!is_number).then_some(card.name.as_str())
}

pub async fn find(app: &App, principal: &Principal, id: ContactId) -> Result<ContactCard, ServiceError> {
    app.store.contact_card(principal.organisation_id, id).await?.ok_or(ServiceError::NotFound("contact"))
}

/// With the latest conversations.
pub async fn get(app: &App, principal: &Principal, id: ContactId) -> Result<(ContactCard, Vec<Shown>), ServiceError> {
    let organisation = principal.organisation_id;
    let card = find(app, principal, id).await?;
    let ids = app.store.conversations_of_contact(organisation, id, LATEST).await?;
    let mut views = app.store.conversation_views(organisation, &ids).await?;
    views.sort_by_key(|view| ids.iter().position(|id| *id == view.id));
    Ok((card, app.store.with_contacts(organisation, views).await?))
}

pub async fn create(
    app: &App,
    principal: &Principal,
    write: WriteId,
    draft: ContactDraft,
) -> Result<ContactCard, ServiceError> {
    let organisation = principal.organisation_id;
    let new = draft.with_id(ContactId::from(write.id));
    let audit = principal.did(Action::Create, Entity::Contact, new.id);
    let audit = audit.with_change(Value::Null, json!({"name": new.name, "company": new.company, "tags": new.tags}));
    let added = app.store.add_contacts(organisation, &[new], Some(&audit), (app.clock)()).await?;
    match added.first() {
        Some(AddedContact::New(id)) => find(app, principal, *id).await,
        // The answer to the first request was lost.
        Some(AddedContact::PhoneTaken(id)) if write.repeated && id.uuid() == write.id => {
            find(app, principal, *id).await
        }
        Some(refused) => Err(refusal(*refused)),
        None => Err(ServiceError::Internal("a contact was not added".to_owned())),
    }
}

/// All of the changes, or none.
pub async fn change(
    app: &App,
    principal: &Principal,
    id: ContactId,
    changes: &[ContactChange],
) -> Result<ContactCard, ServiceError> {
    let known = find(app, principal, id).await?;
    if !changes.is_empty() {
        let (before, after) = told(&Noted::of_card(&known), changes);
        let audit = principal.did(Action::Update, Entity::Contact, id).with_change(before, after);
        let now = (app.clock)();
        match app.store.change_contact(principal.organisation_id, id, changes, Some(&audit), now).await? {
            ContactOutcome::Changed => {}
            ContactOutcome::Unknown => return Err(ServiceError::NotFound("contact")),
            ContactOutcome::Taken(_) => {
                return Err(ServiceError::invalid("phoneNumber", "or the e-mail address is another contact's"));
            }
            ContactOutcome::Unreadable => return Err(refusal(AddedContact::Unreadable)),
        }
    }
    find(app, principal, id).await
}

/// What was written stays.
pub async fn delete(app: &App, principal: &Principal, id: ContactId) -> Result<(), ServiceError> {
    let known = find(app, principal, id).await?;
    let before = json!({"name": known.name, "company": known.company, "tags": known.details.tags});
    let audit = principal.did(Action::Delete, Entity::Contact, id).with_change(before, Value::Null);
    let deleted = app.store.delete_contact(principal.organisation_id, id, Some(&audit), (app.clock)()).await?;
    if deleted { Ok(()) } else { Err(ServiceError::NotFound("contact")) }
}

/// Why a contact was not added. An address that somebody has already is a bad field.
pub fn refusal(added: AddedContact) -> ServiceError {
    let (field, problem) = match added {
        AddedContact::PhoneTaken(_) => ("phoneNumber", "belongs to a contact already"),
        AddedContact::EmailTaken(_) => ("email", "belongs to another contact"),
        AddedContact::New(_) | AddedContact::Unreadable => {
            ("phoneNumber", "must be a telephone number with its country")
        }
    };
    ServiceError::invalid(field, problem)
}
