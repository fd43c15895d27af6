//! Conversations: opened once per channel and thread, found by every name the
//! platform has for them.

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, ConversationId, OrganisationId, conversation::Conversation, platform::Participant};

use crate::{Store, StoreError};

/// A channel as far as opening conversations is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelKey {
    pub organisation_id: OrganisationId,
    pub channel_id: ChannelId,
    pub channel_type: String,
}

/// Somebody to have a conversation with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    pub thread: String,
    pub group: bool,
    pub participant: Participant,
}

impl Store {
    pub async fn open_conversations(
        &self,
        _channel: &ChannelKey,
        _openings: &[Opening],
        _now: DateTime<Utc>,
    ) -> Result<Vec<ConversationId>, StoreError> {
        Err(StoreError::pending())
    }

    pub async fn find_conversations(
        &self,
        _channel_id: ChannelId,
        _threads: &[String],
    ) -> Result<Vec<Option<ConversationId>>, StoreError> {
        Err(StoreError::pending())
    }

    pub async fn load_conversations(&self, _ids: &[ConversationId]) -> Result<Vec<Conversation>, StoreError> {
        Err(StoreError::pending())
    }
}
