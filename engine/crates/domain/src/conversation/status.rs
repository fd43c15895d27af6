//! The word in which people left a conversation: a mark that no rule reads. What a contact writes opens it again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ConversationStatus {
    #[default]
    Open,
    Pending,
    Resolved,
    Closed,
    Archived,
}

impl ConversationStatus {
    pub const ALL: [Self; 5] = [Self::Open, Self::Pending, Self::Resolved, Self::Closed, Self::Archived];

    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Pending => "PENDING",
            Self::Resolved => "RESOLVED",
            Self::Closed => "CLOSED",
            Self::Archived => "ARCHIVED",
        }
    }
}
