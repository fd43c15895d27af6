//! What follows from what happens in a conversation.

use chrono::{DateTime, Utc};

use crate::{
    MessageId, RecipientId, WebhookId,
    event::Change,
    message::Message,
    notice::{ChannelAlert, Notice},
    platform::{MessageEdit, MessageRef, Participant, Reaction},
    ticket::Ticket,
};

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
