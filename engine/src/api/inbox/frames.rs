//! What happens, in the frames of this dialect. Socket and polling show the same.

use patchbay_domain::event::Change;
use serde::Serialize;
use serde_json::Value;

use super::views::{Conversation, Message};
use crate::{app::App, realtime::Happening};

/// What a client is told of one event.
pub enum News {
    Message(Box<Message>),
    /// A message is further on its way, or says something else.
    Status(Box<Message>),
    Conversation(Box<Conversation>),
}

#[derive(Serialize)]
pub struct Frame {
    #[serde(rename = "type")]
    kind: &'static str,
    data: Value,
    /// Whoever comes back with it goes on behind this event.
    cursor: String,
}

/// None where this dialect has no word for it.
pub fn news(app: &App, happening: &Happening) -> Option<News> {
    let conversation = happening.conversation.as_deref();
    let message = || {
        let channel_type = &conversation?.conversation.channel_type;
        let mut view = happening.message.clone()?;
        if let Change::MessageState { state, .. } = happening.change {
            // As it was then: what followed has events of its own.
            view.message.state = state;
        }
        Some(Box::new(Message::of(app, view, channel_type)))
    };
    match happening.change {
        Change::MessageCreated { .. } => message().map(News::Message),
        Change::MessageState { .. } | Change::MessageUpdated { .. } => message().map(News::Status),
        Change::ConversationCreated { .. } | Change::ConversationUpdated { .. } => {
            conversation.map(|shown| News::Conversation(Box::new(Conversation::from(shown.clone()))))
        }
        Change::TicketUpdated { .. }
        | Change::ChannelUpdated { .. }
        | Change::ManualActionUpdated { .. }
        | Change::NotificationCreated { .. } => None,
    }
}

impl Frame {
    pub fn of(sequence: i64, news: &News) -> Result<Self, serde_json::Error> {
        let (kind, data) = match news {
            News::Message(message) => ("new_message", serde_json::to_value(message)?),
            News::Status(message) => ("message_status", serde_json::to_value(message)?),
            News::Conversation(conversation) => ("conversation_update", serde_json::to_value(conversation)?),
        };
        Ok(Self { kind, data, cursor: sequence.to_string() })
    }
}
