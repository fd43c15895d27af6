//! Messages as this dialect shows them, in answers and to those who are told of them.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ConversationId, MessageId, OrganisationId,
    message::{self, Direction},
    platform::{Attachment, Content, Detail, MediaSource, TemplateUse},
};
use patchbay_store::{listing::ConversationView, messages::MessageView};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    send_kinds::Shown,
    views::{Brief, phone},
    words::{DirectionWord, ProgressWord, TypeWord},
};
use crate::{app::App, service::media};

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    id: MessageId,
    tenant_id: OrganisationId,
    conversation_id: ConversationId,
    /// The platform's identifier.
    wa_message_id: Option<String>,
    whatsapp_id: Option<String>,
    client_message_id: Option<String>,
    direction: DirectionWord,
    status: ProgressWord,
    from: String,
    to: String,
    #[serde(rename = "type")]
    kind: TypeWord,
    text: Option<String>,
    content: Said,
    media_type: Option<String>,
    media_id: Option<String>,
    media_mime_type: Option<String>,
    media_url: Option<String>,
    media_filename: Option<String>,
    filename: Option<String>,
    media_caption: Option<String>,
    caption: Option<String>,
    template_name: Option<String>,
    template_params: Option<Vec<Value>>,
    timestamp: DateTime<Utc>,
    delivered_at: Option<DateTime<Utc>>,
    read_at: Option<DateTime<Utc>>,
    failed_at: Option<DateTime<Utc>>,
    #[serde(rename = "errorMessage")]
    error: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// What a message says, as it is sent.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "MessageContent")]
struct Said {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caption: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<String>,
    #[serde(flatten)]
    special: Shown,
}

impl Message {
    pub fn of(app: &App, view: MessageView, conversation: &ConversationView) -> Self {
        let is_read = view.sequence <= conversation.handling.read_through;
        let message::Message { content, state, times, .. } = view.message;
        let (kind, status) = (TypeWord::of(&content), ProgressWord::of(state, is_read));
        let text = text(&content);
        let special = content.detail.as_ref().map(Shown::from).unwrap_or_default();
        let template = match content.detail {
            Some(Detail::Template(template)) => Some(template),
            _ => None,
        };
        let file = content.attachments.into_iter().next();
        let url = file.as_ref().and_then(|file| address(app, file));
        let theirs = phone(conversation);
        let ours = conversation.handling.channel_number.clone().unwrap_or_default();
        let direction = view.message.direction;
        let (from, to) = if direction == Direction::Inbound { (theirs, ours) } else { (ours, theirs) };
        let caption = file.as_ref().and_then(|file| file.caption.clone());
        let filename = file.as_ref().and_then(|file| file.file_name.clone());
        Self {
            id: view.message.id,
            tenant_id: view.message.organisation_id,
            conversation_id: view.message.conversation_id,
            wa_message_id: view.message.external_id.clone(),
            whatsapp_id: view.message.external_id,
            client_message_id: (direction == Direction::Outbound).then(|| view.message.id.to_string()),
            direction: direction.into(),
            status,
            from,
            to,
            kind,
            content: Said {
                text: text.clone(),
                media_url: url.clone(),
                caption: caption.clone(),
                filename: filename.clone(),
                special,
            },
            text,
            media_type: file.as_ref().map(|file| file.kind.word().to_owned()),
            media_id: file.as_ref().and_then(stored),
            media_mime_type: file.and_then(|file| file.mime_type),
            media_url: url,
            media_filename: filename.clone(),
            filename,
            media_caption: caption.clone(),
            caption,
            template_params: template.as_ref().map(parameters),
            template_name: template.map(|template| template.name),
            timestamp: view.message.platform_at,
            delivered_at: times.delivered_at,
            read_at: times.read_at,
            failed_at: (status == ProgressWord::Failed).then_some(view.updated_at),
            error: view.message.failure.map(|failure| failure.message),
            created_at: view.message.created_at,
            updated_at: view.updated_at,
        }
    }
}

/// A message and where it was written.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Listed {
    #[serde(flatten)]
    message: Message,
    conversation: Brief,
}

impl Listed {
    pub fn of(app: &App, view: MessageView, conversation: &ConversationView) -> Self {
        Self { conversation: conversation.into(), message: Message::of(app, view, conversation) }
    }
}

/// Its words, else what it shows where there are none; a file speaks for itself.
fn text(content: &Content) -> Option<String> {
    let shown = || {
        let is_shown = content.detail.is_some() && content.attachments.is_empty();
        is_shown.then(|| content.preview())
    };
    content.text.clone().or_else(shown)
}

/// Where the file can be fetched; one that only the platform has cannot.
fn address(app: &App, file: &Attachment) -> Option<String> {
    match &file.source {
        MediaSource::Stored(id) => Some(media::address(app, *id)),
        MediaSource::Url(url) => Some(url.clone()),
        MediaSource::Platform(_) => None,
    }
}

fn stored(file: &Attachment) -> Option<String> {
    match &file.source {
        MediaSource::Stored(id) => Some(id.to_string()),
        MediaSource::Platform(id) => Some(id.clone()),
        MediaSource::Url(_) => None,
    }
}

/// The platform's components; what was given in short is the body's.
fn parameters(template: &TemplateUse) -> Vec<Value> {
    let text = |value: &Value| match value {
        Value::Object(_) => value.clone(),
        Value::String(text) => json!({"type": "text", "text": text}),
        other => json!({"type": "text", "text": other.to_string()}),
    };
    let body = |parameters: Vec<Value>| vec![json!({"type": "body", "parameters": parameters})];
    match &template.parameters {
        Value::Array(parts) if parts.iter().all(|part| part.get("parameters").is_some()) => parts.clone(),
        Value::Array(texts) => body(texts.iter().map(text).collect()),
        Value::Object(fields) => body(fields.values().map(text).collect()),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_shown_as_components() {
        let of = |given: Value| {
            let template = TemplateUse { name: "a".into(), language: "en".into(), parameters: given };
            json!(parameters(&template))
        };
        let whole = json!([{"type": "header", "parameters": []}]);
        assert_eq!(of(whole.clone()), whole);
        let body =
            json!([{"type": "body", "parameters": [{"type": "text", "text": "Ann"}, {"type": "text", "text": "5"}]}]);
        assert_eq!(of(json!(["Ann", 5])), body);
        assert_eq!(of(Value::Null), json!([]));
    }
}
