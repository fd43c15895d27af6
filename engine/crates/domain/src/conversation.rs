//! What may happen in a conversation, as plain functions: each takes the
//! conversation and adds what follows from an input to a [`Change set`](Draft).
//! The conversation actor loads the state, calls these, and commits the draft.
//!
//! To add something that can happen: a method on [`Draft`], a field in
//! [`Effects`] if it needs a new kind of row, and its test below. What happens to its tickets is in `tickets.rs`, what is sent in
//! `sending.rs`.

mod effects;
mod sending;
mod status;
mod tickets;

use chrono::{DateTime, Duration, Utc};
pub use effects::{Arrival, Effects, OutboxEntry};
pub use sending::SendMessage;
use serde::{Deserialize, Serialize};
pub use status::ConversationStatus;

use crate::{
    ChannelId, ContactId, ConversationId, IdentityId, MessageId, OrganisationId, TicketId, UserId,
    delivery::{DeliveryTimes, MessageState},
    event::Change,
    message::{Direction, Message},
    notice::{ChannelAlert, Notice},
    platform::{InboundMessage, MessageEdit, MessageRef, Participant, Reaction},
    sending::{Refusal, SendingRecipient},
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

    /// All that happened to `before` is that messages came which it has.
    #[must_use]
    pub fn has_only_repeats(&self, before: &Conversation) -> bool {
        let repeats = self.effects.repeats.clone();
        self.conversation == *before && self.effects == Effects { repeats, ..Effects::default() }
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

    /// Nobody has to be told of what they did themselves.
    pub fn spare(&mut self, user: UserId) {
        self.effects.notices.retain(|notice| notice.to != Some(user));
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
