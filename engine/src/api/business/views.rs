//! Conversations as this dialect shows them, in answers and to those who are told of them.

use chrono::{DateTime, Utc};
use patchbay_domain::{ContactId, ConversationId, OrganisationId, UserId, conversation::ConversationStatus};
use patchbay_store::{listing::ConversationView, people::Colleague};
use schemars::JsonSchema;
use serde::Serialize;

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    id: ConversationId,
    tenant_id: OrganisationId,
    /// Their number; who has none, by the name or the identifier that their platform has for them.
    contact_phone: String,
    contact_name: Option<String>,
    contact_id: Option<ContactId>,
    channel_type: String,
    assigned_agent_id: Option<UserId>,
    assigned_to: Option<UserId>,
    assigned_agent: Option<Agent>,
    status: ConversationStatus,
    unread_count: i64,
    last_message_at: DateTime<Utc>,
    last_message: Option<String>,
    tags: Vec<String>,
    notes: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Agent {
    id: UserId,
    name: String,
    email: Option<String>,
}

impl From<Colleague> for Agent {
    fn from(colleague: Colleague) -> Self {
        let Colleague { id, name, email, username: _, avatar: _ } = colleague;
        Self { id, name, email }
    }
}

impl From<ConversationView> for Conversation {
    fn from(view: ConversationView) -> Self {
        let (contact_phone, contact_name) = (phone(&view), name(&view));
        let ConversationView { id, organisation_id, channel_type, contact_id, handling, .. } = view;
        let assignee = handling.assignee.map(Agent::from);
        let assigned = assignee.as_ref().map(|agent| agent.id);
        Self {
            id,
            tenant_id: organisation_id,
            contact_phone,
            contact_name,
            contact_id: (!handling.is_contact_deleted).then_some(contact_id),
            channel_type,
            assigned_agent_id: assigned,
            assigned_to: assigned,
            assigned_agent: assignee,
            status: handling.status,
            unread_count: view.unread_count,
            // A conversation without a message is as old as itself.
            last_message_at: view.last_message_at.unwrap_or(view.created_at),
            last_message: view.last_message.map(|last| last.content.preview()),
            tags: handling.tags,
            notes: handling.notes,
            created_at: view.created_at,
            updated_at: view.updated_at,
        }
    }
}

pub(super) fn phone(view: &ConversationView) -> String {
    let known = view.handling.phone.as_ref().or(view.username.as_ref());
    known.unwrap_or(&view.handling.external_id).clone()
}

/// What people call them, else their platform; nothing where that is their number again.
fn name(view: &ConversationView) -> Option<String> {
    let (phone, handling) = (phone(view), &view.handling);
    let own = Some(&handling.contact_name).filter(|name| !handling.is_group && **name != phone);
    own.or(Some(&view.name)).filter(|name| **name != phone).cloned()
}

/// The conversation of a message in a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "MessageConversation")]
pub struct Brief {
    id: ConversationId,
    contact_phone: String,
    contact_name: Option<String>,
}

impl From<&ConversationView> for Brief {
    fn from(view: &ConversationView) -> Self {
        Self { id: view.id, contact_phone: phone(view), contact_name: name(view) }
    }
}
