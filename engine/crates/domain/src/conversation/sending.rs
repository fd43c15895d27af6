//! What people and campaigns send in a conversation.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Draft, OutboxEntry, RuleError};
use crate::{
    CampaignId, MessageId, RecipientId, TicketId, UserId,
    delivery::{DeliveryTimes, MessageState},
    message::{Direction, Message},
    platform::{Content, Manifest},
    sending::{ChannelStatus, SendingChannel, may_send},
};

/// A message that a person or a campaign wants to send.
#[derive(Clone, Debug, PartialEq)]
pub struct SendMessage {
    pub id: MessageId,
    pub content: Content,
    pub sender_user_id: Option<UserId>,
    pub sender_name: String,
    pub campaign_id: Option<CampaignId>,
    /// The ticket it was written in: sending reopens it.
    pub ticket_id: Option<TicketId>,
    pub reply_to: Option<String>,
    pub metadata: Value,
    pub scheduled_at: Option<DateTime<Utc>>,
}

impl Draft {
    /// Queues a message for sending, or says why it may not be sent.
    pub fn send(
        &mut self,
        send: SendMessage,
        channel: ChannelStatus,
        manifest: &Manifest,
        now: DateTime<Utc>,
    ) -> Result<(), RuleError> {
        let due_at = send.scheduled_at.filter(|at| *at > now);
        let channel = SendingChannel { status: channel, manifest };
        may_send(&channel, &self.conversation.recipient(), &send.content, due_at.unwrap_or(now))?;
        let ticket_id = self.ticket_for_outbound(send.ticket_id, send.sender_user_id.is_some(), now);
        self.push(Message {
            id: send.id,
            organisation_id: self.conversation.organisation_id,
            channel_id: self.conversation.channel_id,
            conversation_id: self.conversation.id,
            ticket_id,
            campaign_id: send.campaign_id,
            direction: Direction::Outbound,
            external_id: None,
            sender_user_id: send.sender_user_id,
            sender_name: send.sender_name,
            content: send.content,
            reply_to: send.reply_to,
            metadata: send.metadata,
            state: if due_at.is_some() { MessageState::Scheduled } else { MessageState::Queued },
            failure: None,
            times: DeliveryTimes::default(),
            scheduled_at: due_at,
            platform_at: now,
            created_at: now,
            edited_at: None,
            deleted_at: None,
        });
        self.effects.outbox.push(OutboxEntry { message_id: send.id, due_at: due_at.unwrap_or(now) });
        Ok(())
    }

    /// The same for a recipient of a campaign, who has had their turn with it.
    pub fn send_to_recipient(
        &mut self,
        recipient: RecipientId,
        send: SendMessage,
        channel: ChannelStatus,
        manifest: &Manifest,
        now: DateTime<Utc>,
    ) -> Result<(), RuleError> {
        let message = send.id;
        self.send(send, channel, manifest, now)?;
        self.effects.recipients.push((recipient, message));
        Ok(())
    }
}
