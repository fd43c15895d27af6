//! What the mock platform's JSON looks like.

use patchbay_plugin_sdk::{Attachment, MediaKind, MediaSource, Outgoing, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A channel's public settings.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    pub callback_url: Option<String>,
}

/// One message, or one delivery status where `status` is set.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    pub message_id: Option<String>,
    pub sender_phone: Option<String>,
    pub sender_name: Option<String>,
    pub message: Option<String>,
    #[serde(default)]
    pub metadata: Map<String, Value>,
    pub status: Option<String>,
    /// Milliseconds since 1970.
    pub at: Option<Timestamp>,
    /// Why delivery failed.
    pub reason: Option<String>,
}

/// What is posted to the callback address.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Posted<'a> {
    id: &'a str,
    to: &'a str,
    text: Option<&'a str>,
    attachments: Vec<PostedAttachment<'a>>,
    metadata: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PostedAttachment<'a> {
    kind: &'static str,
    /// Where the file can be fetched; absent when it has no public address.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    mime_type: Option<&'a str>,
    file_name: Option<&'a str>,
    size: Option<u64>,
    caption: Option<&'a str>,
}

impl<'a> Posted<'a> {
    pub fn new(outgoing: &'a Outgoing, metadata: Value) -> Self {
        Self {
            id: &outgoing.id,
            to: &outgoing.to.id,
            text: outgoing.content.text.as_deref(),
            attachments: outgoing.content.attachments.iter().map(PostedAttachment::new).collect(),
            metadata,
        }
    }
}

impl<'a> PostedAttachment<'a> {
    fn new(attachment: &'a Attachment) -> Self {
        let address = match &attachment.source {
            MediaSource::Url(url) => Some(url),
            MediaSource::Platform(_) | MediaSource::Stored(_) => None,
        };
        Self {
            kind: kind(attachment.kind),
            url: attachment.public_url.as_ref().or(address).map(String::as_str),
            mime_type: attachment.mime_type.as_deref(),
            file_name: attachment.file_name.as_deref(),
            size: attachment.size,
            caption: attachment.caption.as_deref(),
        }
    }
}

fn kind(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "image",
        MediaKind::Video => "video",
        MediaKind::Audio => "audio",
        MediaKind::Voice => "voice",
        MediaKind::Document => "document",
        MediaKind::Sticker => "sticker",
    }
}

/// The callback's answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Accepted {
    pub message_id: String,
}
