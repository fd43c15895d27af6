//! What may happen in a conversation, as plain functions: each takes the
//! conversation and adds what follows from an input to a [`Change set`](Draft).
//! The conversation actor loads the state, calls these, and commits the draft.
//!
//! To add something that can happen: a method on [`Draft`], a field in
//! [`Effects`] if it needs a new kind of row, and its test below.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    CampaignId, ChannelId, ContactId, ConversationId, IdentityId, MessageId, OrganisationId, RecipientId, TicketId,
    UserId, WebhookId,
    delivery::{DeliveryTimes, MessageState},
    event::Change,
    message::{Direction, Message},
    notice::{ChannelAlert, Notice},
    platform::{Content, InboundMessage, Manifest, MessageEdit, MessageRef, Participant, Reaction},
    sending::{ChannelStatus, Refusal, SendingChannel, SendingRecipient, may_send},
    ticket::{Priority, Ticket, TicketStatus},
};

/// One conversation per channel and thread, for ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    pub id: ConversationId,
    pub organisation_id: OrganisationId,
    pub channel_id: ChannelId,
    pub identity_id: IdentityId,
    pub contact_id: ContactId,
    pub thread: String,
    pub group: bool,
    /// Grows with every commit; a draft made on an older version is not committed.
    pub version: i64,
    pub contact_name: String,
    pub opted_out: bool,
    pub unreachable: bool,
    pub unread_count: i64,
    pub last_inbound_at: Option<DateTime<Utc>>,
    pub last_message_at: Option<DateTime<Utc>>,
    pub last_message_id: Option<MessageId>,
    /// The latest ticket, open or closed.
    pub ticket: Option<Ticket>,
}

impl Conversation {
    /// Who is on the other side, as far as sending is concerned.
    #[must_use]
    pub fn recipient(&self) -> SendingRecipient {
        SendingRecipient {
            opted_out: self.opted_out,
            unreachable: self.unreachable,
            last_inbound_at: self.last_inbound_at,
        }
    }
}

/// What an organisation decides about its conversations.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// How long after closing a new message reopens the ticket instead of opening another.
    pub reopen_window: Duration,
}

/// Rows that follow from the inputs of one draft, in the order in which they came to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    pub messages: Vec<Message>,
    /// New or changed tickets, each once.
    pub tickets: Vec<Ticket>,
    pub outbox: Vec<OutboxEntry>,
    pub reactions: Vec<Reaction>,
    pub edits: Vec<MessageEdit>,
    pub deletions: Vec<MessageRef>,
    /// What is newly known of the contact.
    pub learned: Option<Participant>,
    pub notices: Vec<Notice>,
    pub alerts: Vec<ChannelAlert>,
    pub arrivals: Vec<(MessageId, Arrival)>,
    /// Messages that came again, by the platform's identifiers.
    pub repeats: Vec<(String, Arrival)>,
    /// Recipients of campaigns who have their turn with these messages.
    pub recipients: Vec<(RecipientId, MessageId)>,
    pub changes: Vec<Change>,
}

/// With which webhook a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    pub webhook_id: WebhookId,
    pub received_at: DateTime<Utc>,
    pub parsed_at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    pub message_id: MessageId,
    pub due_at: DateTime<Utc>,
}

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

/// What a person changes about a ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketUpdate {
    pub subject: Option<String>,
    pub status: Option<TicketStatus>,
    pub priority: Option<Priority>,
    pub assignee_id: Option<Option<UserId>>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("there is an open ticket already: {0}")]
    TicketOpen(TicketId),
    #[error("the ticket is not the conversation's latest")]
    TicketSuperseded,
}

/// A conversation and everything that changed since it was loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    pub conversation: Conversation,
    pub effects: Effects,
}

impl Draft {
    #[must_use]
    pub fn new(conversation: Conversation) -> Self {
        Self { conversation, effects: Effects::default() }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.effects == Effects::default()
    }

    /// A message arrived, or the business wrote one elsewhere.
    pub fn receive(&mut self, id: MessageId, message: InboundMessage, policy: Policy, now: DateTime<Utc>) {
        let InboundMessage { id: external_id, sender, echo, sent_at, content, reply_to, metadata, .. } = message;
        let name = sender.name.clone().unwrap_or_else(|| self.conversation.contact_name.clone());
        let ticket_id = if echo {
            self.open_ticket_id()
        } else {
            self.learn(sender);
            Some(self.ticket_for_inbound(id, &name, policy, now))
        };
        let (direction, state) =
            if echo { (Direction::Outbound, MessageState::Sent) } else { (Direction::Inbound, MessageState::Received) };
        if !echo {
            // Whoever writes can be reached.
            self.conversation.unreachable = false;
            self.conversation.unread_count += 1;
            let last = self.conversation.last_inbound_at.map_or(sent_at, |last| last.max(sent_at));
            // A platform's clock that runs ahead must not keep the window open longer.
            self.conversation.last_inbound_at = Some(last.min(now));
        }
        let message = Message {
            id,
            organisation_id: self.conversation.organisation_id,
            channel_id: self.conversation.channel_id,
            conversation_id: self.conversation.id,
            ticket_id,
            campaign_id: None,
            direction,
            external_id: Some(external_id),
            sender_user_id: None,
            sender_name: if echo { String::new() } else { name },
            content,
            reply_to,
            metadata,
            state,
            failure: None,
            times: DeliveryTimes::default(),
            scheduled_at: None,
            platform_at: sent_at,
            created_at: now,
            edited_at: None,
            deleted_at: None,
        };
        if let Some(ticket) = self.conversation.ticket.as_ref().filter(|_| !echo) {
            self.effects.notices.push(Notice::received(ticket, &message));
            self.effects.alerts.extend(ChannelAlert::of(&message));
        }
        self.push(message);
    }

    /// Keeps when it came, for whoever asks what happened to a message.
    pub fn arrived(&mut self, id: MessageId, arrival: Arrival) {
        self.effects.arrivals.push((id, arrival));
    }

    /// A message that is stored already came again.
    pub fn repeated(&mut self, external_id: String, arrival: Arrival) {
        self.effects.repeats.retain(|(known, _)| *known != external_id);
        self.effects.repeats.push((external_id, arrival));
    }

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

    pub fn react(&mut self, reaction: Reaction) {
        self.effects.reactions.push(reaction);
    }

    pub fn edit(&mut self, edit: MessageEdit) {
        self.effects.edits.push(edit);
    }

    pub fn delete(&mut self, message: MessageRef) {
        self.effects.deletions.push(message);
    }

    /// Keeps what is newly known of the contact; a known fact is never replaced by nothing.
    pub fn learn(&mut self, participant: Participant) {
        if let Some(name) = participant.name.as_ref().filter(|_| !self.conversation.group) {
            self.conversation.contact_name.clone_from(name);
        }
        match &mut self.effects.learned {
            None => self.effects.learned = Some(participant),
            Some(known) => merge(known, participant),
        }
    }

    pub fn set_opted_out(&mut self, opted_out: bool) {
        if self.conversation.opted_out != opted_out {
            self.conversation.opted_out = opted_out;
            self.conversation_changed();
        }
    }

    pub fn mark_read(&mut self) {
        if self.conversation.unread_count != 0 {
            self.conversation.unread_count = 0;
            self.conversation_changed();
        }
    }

    /// A person opens a case.
    pub fn open_ticket(
        &mut self,
        id: TicketId,
        subject: String,
        priority: Priority,
        assignee_id: Option<UserId>,
        now: DateTime<Utc>,
    ) -> Result<(), RuleError> {
        if let Some(open) = self.open_ticket_id() {
            return Err(RuleError::TicketOpen(open));
        }
        let ticket = Ticket { assignee_id, ..Ticket::open(id, subject, priority, now) };
        self.tell_assignee(&ticket, None);
        self.set_ticket(ticket);
        Ok(())
    }

    /// A person changes a case. Only the latest can change: reopening an older one would make two.
    pub fn update_ticket(&mut self, id: TicketId, update: TicketUpdate, now: DateTime<Utc>) -> Result<(), RuleError> {
        let mut ticket = match &self.conversation.ticket {
            Some(ticket) if ticket.id == id => ticket.clone(),
            _ => return Err(RuleError::TicketSuperseded),
        };
        let TicketUpdate { subject, status, priority, assignee_id } = update;
        if let Some(subject) = subject {
            ticket.subject = subject;
        }
        if let Some(priority) = priority {
            ticket.priority = priority;
        }
        if let Some(assignee_id) = assignee_id {
            ticket.assignee_id = assignee_id;
        }
        if let Some(status) = status {
            ticket.set_status(status, now);
        }
        ticket.updated_at = now;
        self.tell_assignee(&ticket, self.conversation.ticket.as_ref().and_then(|before| before.assignee_id));
        self.set_ticket(ticket);
        Ok(())
    }

    /// Nobody has to be told of what they did themselves.
    pub fn spare(&mut self, user: UserId) {
        self.effects.notices.retain(|notice| notice.to != Some(user));
    }

    fn tell_assignee(&mut self, ticket: &Ticket, before: Option<UserId>) {
        let assigned = ticket.assignee_id.filter(|now| Some(*now) != before);
        self.effects.notices.extend(assigned.map(|to| Notice::assigned(ticket, to)));
    }

    fn open_ticket_id(&self) -> Option<TicketId> {
        self.conversation.ticket.as_ref().filter(|ticket| !ticket.is_closed()).map(|ticket| ticket.id)
    }

    fn ticket_for_inbound(&mut self, message: MessageId, name: &str, policy: Policy, now: DateTime<Utc>) -> TicketId {
        let ticket = match self.conversation.ticket.take() {
            Some(mut ticket) if ticket.takes_message(now, policy.reopen_window) => {
                if ticket.is_closed() {
                    ticket.set_status(TicketStatus::Open, now);
                }
                ticket.updated_at = now;
                ticket
            }
            // One id for both: the ticket that this message opened.
            _ => Ticket::open(message.uuid().into(), format!("Message from {name}"), Priority::Medium, now),
        };
        let id = ticket.id;
        self.set_ticket(ticket);
        id
    }

    fn ticket_for_outbound(
        &mut self,
        asked: Option<TicketId>,
        by_person: bool,
        now: DateTime<Utc>,
    ) -> Option<TicketId> {
        let mut ticket = self.conversation.ticket.clone()?;
        if ticket.is_closed() {
            if asked != Some(ticket.id) {
                return asked;
            }
            ticket.set_status(TicketStatus::Open, now);
        }
        ticket.updated_at = now;
        if by_person {
            ticket.answered(now);
        }
        let id = ticket.id;
        self.set_ticket(ticket);
        Some(id)
    }

    fn set_ticket(&mut self, ticket: Ticket) {
        let change = Change::TicketUpdated { conversation_id: self.conversation.id, ticket_id: ticket.id };
        if !self.effects.changes.contains(&change) {
            self.effects.changes.push(change);
        }
        self.effects.tickets.retain(|known| known.id != ticket.id);
        self.effects.tickets.push(ticket.clone());
        self.conversation.ticket = Some(ticket);
    }

    fn push(&mut self, message: Message) {
        let newest = self.conversation.last_message_at.is_none_or(|last| last <= message.platform_at);
        if newest && message.state != MessageState::Scheduled {
            self.conversation.last_message_at = Some(message.platform_at);
            self.conversation.last_message_id = Some(message.id);
        }
        self.effects
            .changes
            .push(Change::MessageCreated { conversation_id: message.conversation_id, message_id: message.id });
        self.effects.messages.push(message);
    }

    fn conversation_changed(&mut self) {
        let change = Change::ConversationUpdated { conversation_id: self.conversation.id };
        if !self.effects.changes.contains(&change) {
            self.effects.changes.push(change);
        }
    }
}

fn merge(known: &mut Participant, new: Participant) {
    let Participant { id: _, aliases, name, phone, email, username, avatar_url } = new;
    for alias in aliases {
        if !known.aliases.contains(&alias) {
            known.aliases.push(alias);
        }
    }
    for (known, new) in [
        (&mut known.name, name),
        (&mut known.phone, phone),
        (&mut known.email, email),
        (&mut known.username, username),
        (&mut known.avatar_url, avatar_url),
    ] {
        if new.is_some() {
            *known = new;
        }
    }
}

#[cfg(test)]
mod tests;
