//! The least value of each type that events are made of; the rest is set as fields:
//! `Participant { name, ..Participant::new(id) }`.

use crate::types::{
    Attachment, Content, DeliveryState, DeliveryStatus, Event, MediaKind, MediaSource, Message, MessageRef,
    Participant, SessionChange, SessionState, Timestamp,
};

impl Participant {
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            aliases: Vec::new(),
            name: None,
            phone: None,
            email: None,
            username: None,
            avatar_url: None,
        }
    }
}

impl Content {
    /// Nothing yet.
    pub fn empty() -> Self {
        Self { text: None, attachments: Vec::new(), detail: None }
    }

    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::empty() }
    }
}

impl Attachment {
    pub fn new(kind: MediaKind, source: MediaSource) -> Self {
        Self { kind, source, mime_type: None, file_name: None, size: None, caption: None, public_url: None }
    }
}

impl Message {
    /// A message of a one-to-one chat: its thread is the sender's identifier.
    pub fn new(id: impl Into<String>, sender: Participant, sent_at: Timestamp, content: Content) -> Self {
        Self {
            id: id.into(),
            thread: sender.id.clone(),
            group: false,
            sender,
            echo: false,
            correlation: None,
            sent_at,
            content,
            reply_to: None,
            metadata: "{}".to_owned(),
        }
    }
}

impl MessageRef {
    pub fn new(thread: impl Into<String>, id: impl Into<String>) -> Self {
        Self { thread: thread.into(), id: id.into() }
    }
}

impl DeliveryStatus {
    /// The state of one message, by the identifier that the platform gave it.
    pub fn new(id: impl Into<String>, state: DeliveryState, at: Timestamp) -> Self {
        Self { id: Some(id.into()), correlation: None, thread: None, up_to: None, state, at, failure: None }
    }
}

impl SessionChange {
    pub fn new(state: SessionState) -> Self {
        Self { state, phone: None, reason: None }
    }
}

impl Event {
    /// Authentic and understood, without meaning to the engine.
    pub fn ignored(reason: impl Into<String>) -> Self {
        Self::Ignored(reason.into())
    }
}
