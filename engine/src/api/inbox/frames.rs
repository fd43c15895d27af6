//! What happens, in the frames of this dialect. Socket and polling show the same.

use std::collections::BTreeSet;

use patchbay_domain::{ConversationId, event::Change, people::Caller};
use serde::Serialize;
use serde_json::Value;

use super::{campaigns::Campaign, message_view::Message, views::Conversation};
use crate::{
    app::App,
    realtime::{Happening, conversation_of},
};

/// What a client asks to be told of.
#[derive(Default)]
pub struct Wanted {
    /// Of these conversations only; with none, of all.
    pub conversations: BTreeSet<ConversationId>,
    pub campaigns: bool,
}

impl Wanted {
    pub const CAMPAIGNS: &str = "campaigns";

    pub fn has(&self, happening: &Happening, caller: &Caller) -> bool {
        let is_wanted = match (&happening.change, conversation_of(&happening.change)) {
            (Change::CampaignUpdated { .. }, _) => self.campaigns,
            (_, Some(conversation)) => self.conversations.is_empty() || self.conversations.contains(&conversation),
            (_, None) => self.conversations.is_empty(),
        };
        is_wanted && happening.is_for(caller)
    }
}

/// What a client is told of one event.
pub enum News {
    Message(Box<Message>),
    /// A message is further on its way, or says something else.
    Status(Box<Message>),
    Conversation(Box<Conversation>),
    /// Only for those who ask for it: the document knows no campaigns.
    Campaign(Box<Campaign>),
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
        Change::CampaignUpdated { status, .. } => {
            let counted = happening.campaign.as_deref()?.clone();
            Some(News::Campaign(Box::new(Campaign::of(counted, status))))
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
            News::Campaign(campaign) => ("campaign_update", serde_json::to_value(campaign)?),
        };
        Ok(Self { kind, data, cursor: sequence.to_string() })
    }
}
