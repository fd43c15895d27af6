//! What clients can see happen. Each event has a sequence number within its
//! organisation, without gaps; readers look the named things up.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    CampaignId, ChannelId, ConversationId, ManualActionId, MessageId, NotificationId, TicketId, UserId,
    campaign::CampaignStatus, delivery::MessageState,
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    MessageCreated {
        conversation_id: ConversationId,
        message_id: MessageId,
    },
    MessageState {
        conversation_id: ConversationId,
        message_id: MessageId,
        state: MessageState,
    },
    /// Edited, deleted, reacted to, or its files arrived.
    MessageUpdated {
        conversation_id: ConversationId,
        message_id: MessageId,
    },
    ConversationCreated {
        conversation_id: ConversationId,
    },
    ConversationUpdated {
        conversation_id: ConversationId,
    },
    TicketUpdated {
        conversation_id: ConversationId,
        ticket_id: TicketId,
    },
    ChannelUpdated {
        channel_id: ChannelId,
    },
    /// Made, changed, gone another way, or so much further on that it is worth saying.
    CampaignUpdated {
        campaign_id: CampaignId,
        status: CampaignStatus,
    },
    ManualActionUpdated {
        manual_action_id: ManualActionId,
    },
    NotificationCreated {
        notification_id: NotificationId,
        user_id: Option<UserId>,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SequencedChange {
    pub sequence: i64,
    pub at: DateTime<Utc>,
    pub change: Change,
}
