//! What people are told, and who.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{TicketId, UserId, message::Message, ticket::Ticket};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NoticeKind {
    /// A contact wrote in a case that nobody has answered.
    NewMessage,
    /// A contact commented on a post.
    NewComment,
    TicketAssigned,
    /// A contact wrote in a case that somebody has answered.
    CustomerReply,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub kind: NoticeKind,
    /// Nobody in particular: all agents.
    pub to: Option<UserId>,
    pub ticket_id: TicketId,
    pub title: String,
    pub message: String,
}

/// What everybody has to know of a channel, once: a connector says it in the metadata of a message that shows it, as
/// `channelAlert`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ChannelAlert {
    pub title: String,
    pub message: String,
}

impl ChannelAlert {
    #[must_use]
    pub fn of(message: &Message) -> Option<Self> {
        Self::deserialize(message.metadata.get("channelAlert")?).ok()
    }
}

/// As much of a message as a notice quotes.
const QUOTED_CHARS: usize = 200;

impl Notice {
    /// A contact wrote: whoever has the case is told.
    #[must_use]
    pub fn received(ticket: &Ticket, message: &Message) -> Self {
        let name = &message.sender_name;
        let comment = message.metadata.get("type").and_then(|kind| kind.as_str()) == Some("comment");
        let (kind, title) = match (comment, ticket.first_response_at) {
            (true, _) => (NoticeKind::NewComment, format!("New comment from {name}")),
            (false, None) => (NoticeKind::NewMessage, format!("New message from {name}")),
            (false, Some(_)) => (NoticeKind::CustomerReply, format!("{name} replied")),
        };
        let quoted = message.content.preview().chars().take(QUOTED_CHARS).collect();
        Self { kind, to: ticket.assignee_id, ticket_id: ticket.id, title, message: quoted }
    }

    #[must_use]
    pub fn assigned(ticket: &Ticket, to: UserId) -> Self {
        let title = "A ticket was assigned to you".to_owned();
        let message = ticket.subject.clone();
        Self { kind: NoticeKind::TicketAssigned, to: Some(to), ticket_id: ticket.id, title, message }
    }
}
