//! What the audit log says of a change by a person.

use std::fmt::Display;

use patchbay_store::{audit::NewAudit, users::NewUser};
use serde_json::json;

use crate::auth::Principal;

#[derive(Clone, Copy, Debug)]
pub enum Action {
    Create,
    Update,
    Delete,
}

#[derive(Clone, Copy, Debug)]
pub enum Entity {
    Campaign,
    Channel,
    Contact,
    Conversation,
    DeadLetter,
    Invite,
    Macro,
    Message,
    Organisation,
    Ticket,
    User,
}

impl Action {
    const fn word(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

impl Entity {
    const fn word(self) -> &'static str {
        match self {
            Self::Campaign => "CAMPAIGN",
            Self::Channel => "CHANNEL",
            Self::Contact => "CONTACT",
            Self::Conversation => "CONVERSATION",
            Self::DeadLetter => "DEAD_LETTER",
            Self::Invite => "INVITE",
            Self::Macro => "MACRO",
            Self::Message => "MESSAGE",
            Self::Organisation => "ORGANISATION",
            Self::Ticket => "TICKET",
            Self::User => "USER",
        }
    }
}

/// Somebody who was nobody before.
pub(super) fn joined(user: &NewUser, entity: Entity, id: impl Display) -> NewAudit {
    NewAudit {
        organisation_id: user.organisation_id,
        user_id: Some(user.id),
        action: Action::Create.word().to_owned(),
        entity: entity.word().to_owned(),
        entity_id: id.to_string(),
        metadata: json!({}),
    }
}

impl Principal {
    pub(super) fn did(&self, action: Action, entity: Entity, id: impl Display) -> NewAudit {
        let origin = &self.origin;
        NewAudit {
            organisation_id: self.organisation_id,
            user_id: Some(self.user_id),
            action: action.word().to_owned(),
            entity: entity.word().to_owned(),
            entity_id: id.to_string(),
            metadata: json!({
                "method": origin.method,
                "path": origin.path,
                "ip": origin.address,
                "userAgent": origin.user_agent,
            }),
        }
    }
}
