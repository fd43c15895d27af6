//! What the audit log says of a change by a person.

use std::fmt::Display;

use patchbay_domain::OrganisationId;
use patchbay_store::{audit::NewAudit, users::NewUser};
use serde_json::json;

use crate::auth::{Origin, Principal};

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
    ManualAction,
    Message,
    Organisation,
    Team,
    Template,
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
            Self::ManualAction => "MANUAL_ACTION",
            Self::Message => "MESSAGE",
            Self::Organisation => "ORGANISATION",
            Self::Team => "TEAM",
            Self::Template => "TEMPLATE",
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
        let operated = self.origin.operated(self.organisation_id, action, entity, id);
        NewAudit { user_id: Some(self.user_id), ..operated }
    }
}

impl Origin {
    /// What was done from there by nobody of the organisation.
    pub(super) fn operated(
        &self,
        organisation_id: OrganisationId,
        action: Action,
        entity: Entity,
        id: impl Display,
    ) -> NewAudit {
        let Self { method, path, address, user_agent } = self;
        NewAudit {
            organisation_id,
            user_id: None,
            action: action.word().to_owned(),
            entity: entity.word().to_owned(),
            entity_id: id.to_string(),
            metadata: json!({"method": method, "path": path, "ip": address, "userAgent": user_agent}),
        }
    }
}
