//! What the audit log says of a change by a person.

use std::fmt::Display;

use patchbay_store::audit::NewAudit;
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
    Channel,
    Message,
    Organisation,
    Ticket,
    User,
}

impl Principal {
    pub(super) fn did(&self, action: Action, entity: Entity, id: impl Display) -> NewAudit {
        let action = match action {
            Action::Create => "CREATE",
            Action::Update => "UPDATE",
            Action::Delete => "DELETE",
        };
        let entity = match entity {
            Entity::Channel => "CHANNEL",
            Entity::Message => "MESSAGE",
            Entity::Organisation => "ORGANISATION",
            Entity::Ticket => "TICKET",
            Entity::User => "USER",
        };
        let origin = &self.origin;
        NewAudit {
            organisation_id: self.organisation_id,
            user_id: Some(self.user_id),
            action: action.to_owned(),
            entity: entity.to_owned(),
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
