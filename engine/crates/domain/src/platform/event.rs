//! What happened on a platform.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Content, Failure};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "most events are messages: boxing them would cost more than it saves")]
pub enum Event {
    Message(InboundMessage),
    Status(DeliveryStatus),
    Reaction(Reaction),
    MessageEdited(MessageEdit),
    MessageDeleted(MessageRef),
    Typing(Typing),
    Session(SessionChange),
    Template(TemplateStatus),
    Contact(Participant),
    OptOut(Participant),
    OptIn(Participant),
    Ignored(String),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Participant {
    pub id: String,
    pub aliases: Vec<String>,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub username: Option<String>,
    pub avatar_url: Option<String>,
}

impl Event {
    /// One word for what it is.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Message(_) => "message",
            Self::Status(_) => "status",
            Self::Reaction(_) => "reaction",
            Self::MessageEdited(_) => "edit",
            Self::MessageDeleted(_) => "deletion",
            Self::Typing(_) => "typing",
            Self::Session(_) => "session",
            Self::Template(_) => "template",
            Self::Contact(_) => "contact",
            Self::OptOut(_) => "opt_out",
            Self::OptIn(_) => "opt_in",
            Self::Ignored(_) => "ignored",
        }
    }

    /// The platform's identifier of the message that it is about.
    #[must_use]
    pub fn message_id(&self) -> Option<&str> {
        match self {
            Self::Message(message) => Some(&message.id),
            Self::Status(status) => status.id.as_deref(),
            Self::Reaction(reaction) => Some(&reaction.message.id),
            Self::MessageEdited(edit) => Some(&edit.message.id),
            Self::MessageDeleted(message) => Some(&message.id),
            Self::Typing(_)
            | Self::Session(_)
            | Self::Template(_)
            | Self::Contact(_)
            | Self::OptOut(_)
            | Self::OptIn(_)
            | Self::Ignored(_) => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRef {
    pub thread: String,
    pub id: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InboundMessage {
    pub id: String,
    pub thread: String,
    pub group: bool,
    pub sender: Participant,
    pub echo: bool,
    pub correlation: Option<String>,
    pub sent_at: DateTime<Utc>,
    pub content: Content,
    pub reply_to: Option<String>,
    pub metadata: Value,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    pub message: MessageRef,
    pub sender: Participant,
    pub emoji: Option<String>,
    pub at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageEdit {
    pub message: MessageRef,
    pub content: Content,
    pub at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typing {
    pub thread: String,
    pub on: bool,
}

/// What a platform reports of a message we sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportedState {
    Accepted,
    Sent,
    Delivered,
    Read,
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryStatus {
    pub id: Option<String>,
    pub correlation: Option<String>,
    pub thread: Option<String>,
    pub up_to: Option<DateTime<Utc>>,
    pub state: ReportedState,
    pub at: DateTime<Utc>,
    pub failure: Option<Failure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    Stopped,
    Starting,
    AwaitingQr,
    AwaitingCode,
    Connected,
    Disconnected,
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionChange {
    pub state: SessionState,
    pub phone: Option<String>,
    pub reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateStatus {
    pub name: String,
    pub language: String,
    pub state: String,
    pub reason: Option<String>,
}
