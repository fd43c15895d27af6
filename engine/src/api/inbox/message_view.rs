//! Messages as this dialect shows them.

use patchbay_domain::{
    ConversationId, MessageId,
    delivery::MessageState,
    message::{self, Direction},
    platform::{Attachment, Content, Detail, MediaSource},
};
use patchbay_store::messages::MessageView;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{query::Moment, views::channel};
use crate::{
    app::App,
    service::{kinds::Kind, media},
};

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    id: MessageId,
    conversation_id: ConversationId,
    sender: String,
    sender_type: &'static str,
    #[serde(rename = "message")]
    text: String,
    channel: String,
    timestamp: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduled_at: Option<Moment>,
    metadata: Value,
}

impl Message {
    pub fn of(app: &App, view: MessageView, channel_type: &str) -> Self {
        let metadata = metadata(app, &view.message, channel_type);
        let message::Message { id, conversation_id, direction, sender_user_id, sender_name, content, state, .. } =
            view.message;
        let (sender, sender_type) = match (direction, sender_user_id) {
            (Direction::Inbound, _) => (sender_name, "contact"),
            (Direction::Outbound, Some(user)) => (user.to_string(), "user"),
            (Direction::Outbound, None) => ("system".to_owned(), "system"),
        };
        Self {
            id,
            conversation_id,
            sender,
            sender_type,
            text: said(&content),
            channel: channel(channel_type),
            timestamp: view.message.platform_at.into(),
            status: status(state),
            scheduled_at: view.message.scheduled_at.map(Into::into),
            metadata,
        }
    }
}

/// How far a message that was sent has come; nothing while it waits.
fn status(state: MessageState) -> Option<&'static str> {
    match state {
        MessageState::Sent => Some("sent"),
        MessageState::Delivered => Some("delivered"),
        MessageState::Read => Some("read"),
        MessageState::Failed | MessageState::Cancelled => Some("failed"),
        MessageState::Received
        | MessageState::Scheduled
        | MessageState::Queued
        | MessageState::Sending
        | MessageState::Unknown => None,
    }
}

/// What it says: its text, else its HTML, else what a list shows of it.
pub fn said(content: &Content) -> String {
    let html = || match &content.detail {
        Some(Detail::Email(email)) => email.html.clone(),
        _ => None,
    };
    content.text.clone().or_else(html).unwrap_or_else(|| content.preview())
}

fn metadata(app: &App, message: &message::Message, channel_type: &str) -> Value {
    let mut metadata = Map::new();
    let names = match Kind::of(channel_type) {
        Some(Kind::Email) => Some(("emailMessageId", "emailStatus")),
        Some(Kind::Sms | Kind::WhatsApp) => Some(("twilioMessageId", "twilioStatus")),
        None => None,
    };
    if let Some((id, status)) = names {
        if let Some(external_id) = &message.external_id {
            metadata.insert(id.to_owned(), external_id.as_str().into());
        }
        metadata.insert(status.to_owned(), message.state.word().to_lowercase().into());
    }
    if let Some(Detail::Email(email)) = &message.content.detail {
        metadata.insert("subject".to_owned(), email.subject.as_str().into());
    }
    if let Some(failure) = &message.failure {
        metadata.insert("error".to_owned(), failure.message.as_str().into());
    }
    let files: Vec<Value> = message.content.attachments.iter().filter_map(|file| attachment(app, file)).collect();
    if !files.is_empty() {
        metadata.insert("attachments".to_owned(), files.into());
    }
    Value::Object(metadata)
}

/// A file that can be fetched; one that the platform still has cannot.
fn attachment(app: &App, file: &Attachment) -> Option<Value> {
    let url = match &file.source {
        MediaSource::Stored(id) => media::address(app, *id),
        MediaSource::Url(url) => url.clone(),
        MediaSource::Platform(_) => return None,
    };
    Some(json!({
        "url": url,
        "filename": file.file_name.as_deref().unwrap_or(file.kind.word()),
        "contentType": file.mime_type.as_deref().unwrap_or("application/octet-stream"),
        "size": file.size.unwrap_or(0),
    }))
}

#[cfg(test)]
mod tests {
    use patchbay_domain::platform::Email as Mail;

    use super::*;

    #[test]
    fn what_waits_has_no_status_and_what_was_cancelled_failed() {
        assert_eq!(status(MessageState::Queued), None);
        assert_eq!(status(MessageState::Unknown), None);
        assert_eq!(status(MessageState::Cancelled), Some("failed"));
    }

    #[test]
    fn a_mail_without_text_says_its_html() {
        let mail = Mail { subject: "Hello".into(), html: Some("<p>hi</p>".into()), ..Mail::default() };
        let content = Content { detail: Some(Detail::Email(mail)), ..Content::default() };
        assert_eq!(said(&content), "<p>hi</p>");
    }
}
