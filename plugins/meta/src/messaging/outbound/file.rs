//! Files in messages: what the platform takes, and how it gets them.

use crate::messaging::Account;
use patchbay_plugin_sdk::{Attachment, Failure, MediaId, MediaKind, MediaSource, Part, Request};
use serde_json::{Value, json};

const MB: u64 = 1024 * 1024;
const LARGEST: u64 = 25 * MB;

/// A message's attachment.
pub fn attachment(of: MediaKind, payload: Value) -> Value {
    json!({"type": kind(of), "payload": payload})
}

/// What the platform calls a kind of file.
const fn kind(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image | MediaKind::Sticker => "image",
        MediaKind::Video => "video",
        MediaKind::Audio | MediaKind::Voice => "audio",
        MediaKind::Document => "file",
    }
}

/// An attachment's payload, or what has to be uploaded before.
pub enum Source<'a> {
    Ready(Value),
    Upload(&'a MediaId),
}

pub fn source<'a>(account: &Account, attachment: &'a Attachment) -> Result<Source<'a>, Failure> {
    let is_image = matches!(attachment.kind, MediaKind::Image | MediaKind::Sticker);
    let most = if is_image { account.product.largest_image } else { LARGEST };
    if attachment.size.is_some_and(|size| size > most) {
        let (name, kind) = (account.product.name, kind(attachment.kind));
        return Err(Failure::rejected(format!("{name} takes this kind of file ({kind}) up to {} MB", most / MB)));
    }
    let types = match attachment.kind {
        MediaKind::Image | MediaKind::Sticker => account.product.image_types,
        MediaKind::Document => account.product.document_types,
        MediaKind::Video | MediaKind::Audio | MediaKind::Voice => &[],
    };
    if let Some(mime) = attachment.mime_type.as_deref().filter(|_| !types.is_empty()) {
        let essence = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !types.contains(&essence.as_str()) {
            let (name, what) = (account.product.name, if is_image { "images" } else { "files" });
            return Err(Failure::rejected(format!("{name} takes {what} as {}, not as {essence}", types.join(" or "))));
        }
    }
    let by_address = |url: &str| Source::Ready(json!({"url": url, "is_reusable": false}));
    match (&attachment.source, &attachment.public_url) {
        (MediaSource::Platform(id), _) => Ok(Source::Ready(json!({"attachment_id": id}))),
        (MediaSource::Stored(media), _) if account.product.takes_uploads => Ok(Source::Upload(media)),
        (MediaSource::Url(url), _) | (MediaSource::Stored(_), Some(url)) => Ok(by_address(url)),
        (MediaSource::Stored(_), None) => Err(Failure::rejected(format!(
            "{} fetches files from a public address; set PATCHBAY_PUBLIC_URL to one that it can reach",
            account.product.name
        ))),
    }
}

pub fn upload(account: &Account, attachment: &Attachment, media: &MediaId) -> Request {
    let message = json!({"attachment": self::attachment(attachment.kind, json!({"is_reusable": false}))});
    let file = Part {
        file_name: attachment.file_name.clone(),
        mime_type: attachment.mime_type.clone(),
        ..Part::file("filedata", media.clone())
    };
    let parts = vec![Part::text("message", message.to_string()), file];
    // An upload that is not used disturbs nobody.
    account.graph.post([&account.node, "message_attachments"]).multipart(parts).idempotent()
}
