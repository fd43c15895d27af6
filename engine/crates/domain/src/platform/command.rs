//! What a platform is asked for.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Content, MessageRef, Participant};

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Send(Outgoing),
    React(OutgoingReaction),
    Edit(OutgoingEdit),
    Delete(MessageRef),
    MarkRead(Vec<MessageRef>),
    SetTyping(TypingSignal),
    TestConnection,
    RegisterWebhook,
    FetchMedia(String),
    FetchProfile(String),
    ListContacts(Option<String>),
    ListTemplates,
    SubmitTemplate(Value),
    Poll(Option<String>),
    SessionStart,
    SessionStop,
    SessionRestart,
    SessionLogout,
    SessionStatus,
    Qr,
    PairingCode(String),
}

impl Command {
    /// A word for logs and metrics.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Send(_) => "send",
            Self::React(_) => "react",
            Self::Edit(_) => "edit",
            Self::Delete(_) => "delete",
            Self::MarkRead(_) => "mark_read",
            Self::SetTyping(_) => "set_typing",
            Self::TestConnection => "test_connection",
            Self::RegisterWebhook => "register_webhook",
            Self::FetchMedia(_) => "fetch_media",
            Self::FetchProfile(_) => "fetch_profile",
            Self::ListContacts(_) => "list_contacts",
            Self::ListTemplates => "list_templates",
            Self::SubmitTemplate(_) => "submit_template",
            Self::Poll(_) => "poll",
            Self::SessionStart => "session_start",
            Self::SessionStop => "session_stop",
            Self::SessionRestart => "session_restart",
            Self::SessionLogout => "session_logout",
            Self::SessionStatus => "session_status",
            Self::Qr => "qr",
            Self::PairingCode(_) => "pairing_code",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    pub id: String,
    pub to: Participant,
    pub thread: String,
    pub content: Content,
    pub reply_to: Option<String>,
    pub last_inbound_at: Option<DateTime<Utc>>,
    pub metadata: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingReaction {
    pub message: MessageRef,
    pub to: Participant,
    pub emoji: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct OutgoingEdit {
    pub message: MessageRef,
    pub to: Participant,
    pub content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypingSignal {
    pub thread: String,
    pub on: bool,
    pub last_message: Option<String>,
}
