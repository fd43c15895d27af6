//! What happens, in the events of this dialect.
//!
//! How many events there are of one thing that happened, and their order, follows from what happened alone: places in the
//! log count them ([`super::place`]).

use patchbay_domain::{ConversationId, event::Change};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    api::business::{message_view::Message, views::Conversation, words::ProgressWord},
    app::App,
    realtime::Happening,
};

/// What clients are told.
pub struct Event {
    pub name: &'static str,
    pub data: Value,
    /// Only who looks at this conversation; else everybody of the organisation.
    pub room: Option<ConversationId>,
}

/// None where this dialect has no word for it.
pub fn events(app: &App, happening: &Happening) -> Result<Vec<Event>, serde_json::Error> {
    let shown = happening.conversation.as_deref();
    let message = || {
        let view = happening.message.clone()?;
        Some(Message::of(app, view, &shown?.conversation))
    };
    let conversation = || shown.map(|shown| written(&Conversation::from(shown.conversation.clone()))).transpose();
    let to_all = |name, data| Event { name, data, room: None };
    Ok(match happening.change {
        Change::MessageCreated { conversation_id, .. } => {
            let (Some(message), Some(mut conversation)) = (message(), conversation()?) else { return Ok(vec![]) };
            let message = written(&message)?;
            let notification = json!({"type": "message", "conversationId": conversation_id, "message": message});
            // Whoever keeps count of what is unread counts the message itself.
            if let Some(fields) = conversation.as_object_mut() {
                fields.remove("unreadCount");
            }
            vec![
                Event { name: "message:new", data: message, room: Some(conversation_id) },
                to_all("notification:new", notification),
                to_all("conversation:updated", conversation),
            ]
        }
        Change::MessageState { conversation_id, message_id, state } => {
            let status = ProgressWord::of(state, false);
            let data = json!({"messageId": message_id, "conversationId": conversation_id, "status": status});
            vec![Event { name: "message:status", data, room: Some(conversation_id) }]
        }
        Change::MessageUpdated { conversation_id, .. } => {
            let Some(message) = message() else { return Ok(vec![]) };
            vec![Event { name: "message:updated", data: written(&message)?, room: Some(conversation_id) }]
        }
        Change::ConversationCreated { .. } => {
            conversation()?.map(|data| to_all("conversation:new", data)).into_iter().collect()
        }
        Change::ConversationUpdated { .. } => {
            conversation()?.map(|data| to_all("conversation:updated", data)).into_iter().collect()
        }
        Change::TicketUpdated { .. }
        | Change::CampaignUpdated { .. }
        | Change::ChannelUpdated { .. }
        | Change::ManualActionUpdated { .. }
        | Change::NotificationCreated { .. } => vec![],
    })
}

fn written(view: &impl Serialize) -> Result<Value, serde_json::Error> {
    serde_json::to_value(view)
}
