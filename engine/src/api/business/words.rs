//! The words of this dialect where they are a set, and ours for them.

use patchbay_domain::{
    conversation::ConversationStatus,
    delivery::MessageState,
    message::Direction,
    people::Role,
    platform::{Content, Detail, MediaKind},
};
use patchbay_store::message_list::Progress;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned, de::value::StrDeserializer};

use crate::api::fields::{Check, Noted};

/// A word of the query, in capital letters or not.
pub fn word<T: DeserializeOwned>(
    check: &mut Check,
    name: &str,
    text: Option<String>,
    allowed: &str,
) -> Result<Option<T>, Noted> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let upper = text.to_uppercase();
    let read = T::deserialize(StrDeserializer::<serde::de::value::Error>::new(&upper));
    read.map(Some).map_err(|_| check.note(name, format!("must be one of {allowed}")))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum DirectionWord {
    Inbound,
    Outbound,
}

impl DirectionWord {
    pub const ALLOWED: &str = "INBOUND OUTBOUND";
}

impl From<Direction> for DirectionWord {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Inbound => Self::Inbound,
            Direction::Outbound => Self::Outbound,
        }
    }
}

impl From<DirectionWord> for Direction {
    fn from(word: DirectionWord) -> Self {
        match word {
            DirectionWord::Inbound => Self::Inbound,
            DirectionWord::Outbound => Self::Outbound,
        }
    }
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ProgressWord {
    Pending,
    Sent,
    Delivered,
    Read,
    Failed,
}

impl ProgressWord {
    pub const ALLOWED: &str = "PENDING SENT DELIVERED READ FAILED";

    pub const fn lower(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
        }
    }

    /// What a contact wrote has been delivered, and is read when somebody has opened it.
    pub fn of(state: MessageState, is_read: bool) -> Self {
        match state {
            MessageState::Received if is_read => Self::Read,
            MessageState::Received | MessageState::Delivered => Self::Delivered,
            MessageState::Scheduled | MessageState::Queued | MessageState::Sending | MessageState::Unknown => {
                Self::Pending
            }
            MessageState::Sent => Self::Sent,
            MessageState::Read => Self::Read,
            MessageState::Failed | MessageState::Cancelled => Self::Failed,
        }
    }
}

impl From<ProgressWord> for Progress {
    fn from(word: ProgressWord) -> Self {
        match word {
            ProgressWord::Pending => Self::Pending,
            ProgressWord::Sent => Self::Sent,
            ProgressWord::Delivered => Self::Delivered,
            ProgressWord::Read => Self::Read,
            ProgressWord::Failed => Self::Failed,
        }
    }
}

pub const STATUSES: &str = "OPEN PENDING RESOLVED CLOSED ARCHIVED";

/// What is looked for with a word: who is done with a conversation says CLOSED or RESOLVED.
pub fn statuses(asked: ConversationStatus) -> Vec<ConversationStatus> {
    match asked {
        ConversationStatus::Closed | ConversationStatus::Resolved => {
            vec![ConversationStatus::Closed, ConversationStatus::Resolved]
        }
        other => vec![other],
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum RoleWord {
    Owner,
    Admin,
    Agent,
}

impl From<Role> for RoleWord {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Admin => Self::Admin,
            Role::Agent => Self::Agent,
        }
    }
}

/// What kind of message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum TypeWord {
    Text,
    Image,
    Video,
    Audio,
    Document,
    Template,
    Interactive,
    Location,
    Contact,
}

impl TypeWord {
    pub fn of(content: &Content) -> Self {
        match (&content.detail, content.attachments.first()) {
            (Some(Detail::Location(_)), _) => Self::Location,
            (Some(Detail::Contacts(_)), _) => Self::Contact,
            (Some(Detail::Template(_)), _) => Self::Template,
            (Some(Detail::Choices(_)), _) => Self::Interactive,
            (_, Some(file)) => match file.kind {
                MediaKind::Image | MediaKind::Sticker => Self::Image,
                MediaKind::Video => Self::Video,
                MediaKind::Audio | MediaKind::Voice => Self::Audio,
                MediaKind::Document => Self::Document,
            },
            // What was chosen is a text like any other, and so is what has no word here.
            (Some(Detail::Choice(_) | Detail::Email(_) | Detail::Unsupported(_)) | None, None) => Self::Text,
        }
    }

    /// The same for what is only counted, by our word for it.
    pub fn lower(kind: &str) -> &'static str {
        match kind {
            "image" | "sticker" => "image",
            "video" => "video",
            "audio" | "voice" => "audio",
            "document" => "document",
            "template" => "template",
            "interactive" => "interactive",
            "location" => "location",
            "contact" => "contact",
            _ => "text",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_in_any_case() {
        let mut check = Check::default();
        let mut read = |text: &str| word::<ProgressWord>(&mut check, "status", Some(text.to_owned()), "…");
        assert_eq!(read("sent"), Ok(Some(ProgressWord::Sent)));
        assert_eq!(read("READ"), Ok(Some(ProgressWord::Read)));
        assert_eq!(read(""), Ok(None));
        assert!(read("gone").is_err());
    }

    #[test]
    fn what_a_contact_wrote_is_delivered_until_it_is_read() {
        assert_eq!(ProgressWord::of(MessageState::Received, false), ProgressWord::Delivered);
        assert_eq!(ProgressWord::of(MessageState::Received, true), ProgressWord::Read);
        assert_eq!(ProgressWord::of(MessageState::Unknown, true), ProgressWord::Pending);
        assert_eq!(ProgressWord::of(MessageState::Cancelled, true), ProgressWord::Failed);
    }

    #[test]
    fn closed_and_resolved_are_one() {
        assert_eq!(statuses(ConversationStatus::Closed), statuses(ConversationStatus::Resolved));
        assert_eq!(statuses(ConversationStatus::Open), [ConversationStatus::Open]);
    }
}
