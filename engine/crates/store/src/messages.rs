//! Messages as they are stored, and as threads show them.

use chrono::{DateTime, Utc};
use patchbay_domain::{ConversationId, MessageId, OrganisationId, TicketId, message::Message};

use crate::{Store, StoreError};

/// A message with what only the store knows of it.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageView {
    pub message: Message,
    /// Its place among everything that happened in the organisation.
    pub sequence: i64,
    pub attempts: u32,
    /// The name of the user who wrote it, as it is now.
    pub sender_user_name: Option<String>,
    pub updated_at: DateTime<Utc>,
}

/// Whose messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thread {
    Ticket(TicketId),
    Conversation(ConversationId),
}

/// A place in a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageCursor {
    pub platform_at: DateTime<Utc>,
    pub sequence: i64,
}

/// Which part of a thread. Every part comes oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The newest `limit`.
    Newest,
    /// The `limit` that come before.
    Before(MessageCursor),
    /// The `limit` that come after.
    After(MessageCursor),
    /// Pages from the oldest: after so many.
    Offset(u32),
}

impl Store {
    pub async fn message(
        &self,
        _organisation_id: OrganisationId,
        _id: MessageId,
    ) -> Result<Option<MessageView>, StoreError> {
        Err(StoreError::pending())
    }

    pub async fn thread_messages(
        &self,
        _organisation_id: OrganisationId,
        _thread: Thread,
        _part: Part,
        _limit: u32,
    ) -> Result<Vec<MessageView>, StoreError> {
        Err(StoreError::pending())
    }

    pub async fn count_messages(&self, _organisation_id: OrganisationId, _thread: Thread) -> Result<u64, StoreError> {
        Err(StoreError::pending())
    }
}
