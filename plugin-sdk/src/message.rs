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

    /// A webhook tells only a part of it, perhaps not even its thread: before the engine looks for the conversation of a
    /// message that is new, it asks `poll` with this cursor. What that answers takes this one's place.
    #[must_use]
    pub fn to_be_asked_for(self, cursor: &str) -> Self {
        let mut metadata: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&self.metadata).unwrap_or_default();
        metadata.insert(ASK.to_owned(), cursor.into());
        Self { metadata: serde_json::Value::Object(metadata).to_string(), ..self }
    }
}

/// The name in a message's metadata that the engine takes out of it.
const ASK: &str = "patchbay-ask";

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
