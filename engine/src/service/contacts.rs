//! What people note about the contact of a conversation.

use patchbay_domain::ConversationId;
use patchbay_store::{
    listing::Shown,
    people::{ContactChange, ContactOutcome},
};

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
    let audit = principal.did(Action::Update, Entity::Contact, known.contact_id);
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
