//! A message as the store keeps it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    CampaignId, ChannelId, ConversationId, MessageId, OrganisationId, TicketId, UserId,
    delivery::{DeliveryTimes, MessageState},
    platform::{Content, Failure},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Direction {
    Inbound,
    Outbound,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub id: MessageId,
    pub organisation_id: OrganisationId,
    pub channel_id: ChannelId,
    pub conversation_id: ConversationId,
    pub ticket_id: Option<TicketId>,
    pub campaign_id: Option<CampaignId>,
    pub direction: Direction,
    /// The platform's identifier: unique within the channel.
    pub external_id: Option<String>,
    /// Set when a person of the organisation wrote it through Patchbay.
    pub sender_user_id: Option<UserId>,
    pub sender_name: String,
    pub content: Content,
    pub reply_to: Option<String>,
    pub metadata: Value,
    pub state: MessageState,
    pub failure: Option<Failure>,
    pub times: DeliveryTimes,
    pub scheduled_at: Option<DateTime<Utc>>,
    /// When the platform says it was written; ours where it does not say.
    pub platform_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub edited_at: Option<DateTime<Utc>>,
    pub deleted_at: Option<DateTime<Utc>>,
}
