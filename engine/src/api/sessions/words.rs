//! The words of this dialect where they are a set, and ours for them.

use patchbay_domain::{delivery::MessageState, people::Role, platform::SessionState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::service::sessions::linking::Status;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleWord {
    SuperAdmin,
    Admin,
    TeamMember,
}

impl From<Role> for RoleWord {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::SuperAdmin,
            Role::Admin => Self::Admin,
            Role::Agent => Self::TeamMember,
        }
    }
}

/// Roles that can be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GivenRole {
    Admin,
    TeamMember,
}

impl From<GivenRole> for Role {
    fn from(role: GivenRole) -> Self {
        match role {
            GivenRole::Admin => Self::Admin,
            GivenRole::TeamMember => Self::Agent,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum StatusWord {
    Disconnected,
    Connecting,
    Connected,
    Failed,
}

impl From<Option<SessionState>> for StatusWord {
    fn from(state: Option<SessionState>) -> Self {
        match Status::of(state) {
            Status::Disconnected => Self::Disconnected,
            Status::Connecting => Self::Connecting,
            Status::Connected => Self::Connected,
            Status::Failed => Self::Failed,
        }
    }
}

/// How far a message has come: WAHA's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Ack {
    Pending,
    Server,
    Device,
    Read,
    Error,
}

impl Ack {
    /// A contact's message has reached us, and is read when somebody has opened its chat.
    pub const fn of(state: MessageState, is_read: bool) -> Self {
        match state {
            MessageState::Received if is_read => Self::Read,
            MessageState::Queued | MessageState::Scheduled | MessageState::Sending | MessageState::Unknown => {
                Self::Pending
            }
            MessageState::Sent => Self::Server,
            MessageState::Delivered | MessageState::Received => Self::Device,
            MessageState::Read => Self::Read,
            MessageState::Failed | MessageState::Cancelled => Self::Error,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageType {
    Text,
    Image,
    Video,
    Audio,
    Voice,
    Document,
    Sticker,
    Location,
    Contact,
}

impl MessageType {
    /// What has no word here is shown by what it says.
    pub fn of(kind: &str) -> Self {
        match kind {
            "image" => Self::Image,
            "video" => Self::Video,
            "audio" => Self::Audio,
            "voice" => Self::Voice,
            "document" => Self::Document,
            "sticker" => Self::Sticker,
            "location" => Self::Location,
            "contact" => Self::Contact,
            _ => Self::Text,
        }
    }
}

/// What may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SentType {
    Text,
    Image,
    Video,
    Audio,
    Document,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_are_those_of_the_document() {
        assert_eq!(json!(RoleWord::from(Role::Owner)), "super_admin");
        assert_eq!(json!(RoleWord::from(Role::Agent)), "team_member");
        assert_eq!(json!(StatusWord::from(Some(SessionState::AwaitingQr))), "CONNECTING");
        assert_eq!(json!(Ack::of(MessageState::Delivered, true)), "DEVICE");
        assert_eq!([false, true].map(|is_read| Ack::of(MessageState::Received, is_read)), [Ack::Device, Ack::Read]);
        assert_eq!(json!(MessageType::of("voice")), "voice");
        assert_eq!(MessageType::of("template"), MessageType::Text);
    }
}
