//! The message table is each channel's send queue.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    AttemptId, ChannelId, ConversationId, MessageId, NodeId, OrganisationId,
    attempt::{Consequence, Settlement},
    message::Message,
    platform::Participant,
};

use crate::{Store, StoreError, jobs::Partitions};

/// A message that may be sent now, and all that sending it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    pub message: Message,
    pub thread: String,
    pub group: bool,
    pub last_inbound_at: Option<DateTime<Utc>>,
    pub recipient: Participant,
    pub opted_out: bool,
    pub unreachable: bool,
    /// Made so far.
    pub attempts: u32,
    /// 0 for people, 1 for campaigns.
    pub priority: i64,
}

/// An attempt that is about to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begin {
    pub message_id: MessageId,
    pub attempt_id: AttemptId,
}

/// An attempt that is recorded: the request may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    pub message_id: MessageId,
    pub attempt_id: AttemptId,
    /// The first attempt is number 1.
    pub number: u32,
}

/// How an attempt ended, or with none why there was no attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    pub message_id: MessageId,
    pub channel_id: ChannelId,
    pub attempt_id: Option<AttemptId>,
    pub settlement: Settlement,
    pub consequence: Consequence,
}

/// An attempt that nobody is working on any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted {
    pub message_id: MessageId,
    pub attempt_id: AttemptId,
    pub number: u32,
}

impl Store {
    pub async fn due(
        &self,
        _channel_id: ChannelId,
        _now: DateTime<Utc>,
        _limit: u32,
        _excluding: &[ConversationId],
    ) -> Result<Vec<Due>, StoreError> {
        Err(StoreError::pending())
    }

    pub async fn next_due_at(
        &self,
        _channel_id: ChannelId,
        _now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        Err(StoreError::pending())
    }

    pub async fn release_scheduled(
        &self,
        _now: DateTime<Utc>,
        _limit: u32,
    ) -> Result<Vec<(ChannelId, MessageId)>, StoreError> {
        Err(StoreError::pending())
    }

    pub async fn channels_with_work(
        &self,
        _partitions: Partitions,
        _owned: &[u32],
    ) -> Result<Vec<ChannelId>, StoreError> {
        Err(StoreError::pending())
    }

    pub async fn begin_attempts(
        &self,
        _attempts: &[Begin],
        _node: NodeId,
        _now: DateTime<Utc>,
    ) -> Result<Vec<Begun>, StoreError> {
        Err(StoreError::pending())
    }

    pub async fn settle(&self, _settled: &[Settled], _now: DateTime<Utc>) -> Result<(), StoreError> {
        Err(StoreError::pending())
    }

    pub async fn interrupted(
        &self,
        _channel_id: ChannelId,
        _me: NodeId,
        _alive_since: DateTime<Utc>,
        _in_flight: &[MessageId],
    ) -> Result<Vec<Interrupted>, StoreError> {
        Err(StoreError::pending())
    }

    pub async fn recent_attempts(
        &self,
        _channel_id: ChannelId,
        _since: DateTime<Utc>,
        _limit: u32,
    ) -> Result<Vec<(DateTime<Utc>, ConversationId)>, StoreError> {
        Err(StoreError::pending())
    }

    pub async fn cancel_message(
        &self,
        _organisation_id: OrganisationId,
        _id: MessageId,
        _now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        Err(StoreError::pending())
    }
}
