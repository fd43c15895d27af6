//! Files in messages: what the platform takes, and how a stored one gets there.

use super::Api;
use patchbay_plugin_sdk::{Attachment, Failure, MediaId, MediaKind, MediaSource, Part, Request};
use serde_json::{Map, Value, json};

const KB: u64 = 1024;
const MB: u64 = 1024 * KB;

/// What the platform calls a kind of file, and what it takes of it.
struct Rules {
    name: &'static str,
    most: u64,
    /// Begin of the types it takes; none means any.
    types: &'static [&'static str],
    advice: &'static str,
}

const AUDIO: &[&str] = &["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"];

const fn rules(kind: MediaKind) -> Rules {
    match kind {
        MediaKind::Image => Rules {
            name: "image",
            most: 5 * MB,
            types: &["image/jpeg", "image/png"],
            advice: "images as JPEG or PNG; send others as a document",
        },
        MediaKind::Video => Rules {
            name: "video",
            most: 16 * MB,
            types: &["video/mp4", "video/3gpp"],
            advice: "videos as MP4 or 3GP; send others as a document",
        },
        MediaKind::Audio => Rules {
            name: "audio",
            most: 16 * MB,
            types: AUDIO,
            advice: "audio as AAC, AMR, MP3, MP4 or OGG; send others as a document",
        },
        MediaKind::Voice => Rules {
            name: "audio",
            most: 16 * MB,
            types: &["audio/ogg"],
            advice: "voice notes as OGG with the Opus codec",
        },
        MediaKind::Document => Rules { name: "document", most: 100 * MB, types: &[], advice: "" },
        MediaKind::Sticker => {
            Rules { name: "sticker", most: 500 * KB, types: &["image/webp"], advice: "stickers as WebP" }
        }
    }
}

pub const fn has_caption(kind: MediaKind) -> bool {
    matches!(kind, MediaKind::Image | MediaKind::Video | MediaKind::Document)
}

/// A file's message: its type, its object, and what has to be uploaded before.
pub type Object<'a> = (&'static str, Map<String, Value>, Option<(&'a Attachment, &'a MediaId)>);

pub fn object(attachment: &Attachment) -> Result<Object<'_>, Failure> {
    let rules = rules(attachment.kind);
    check(attachment, &rules)?;
    let mut body = Map::new();
    let upload = match &attachment.source {
        MediaSource::Platform(id) => insert(&mut body, "id", id),
        MediaSource::Url(url) => insert(&mut body, "link", url),
        MediaSource::Stored(media) => Some((attachment, media)),
    };
    if let (MediaKind::Document, Some(name)) = (attachment.kind, &attachment.file_name) {
        body.insert("filename".to_owned(), json!(name));
    }
    if attachment.kind == MediaKind::Voice {
        body.insert("voice".to_owned(), json!(true));
    }
    Ok((rules.name, body, upload))
}

fn insert<'a>(body: &mut Map<String, Value>, key: &str, value: &str) -> Option<(&'a Attachment, &'a MediaId)> {
    body.insert(key.to_owned(), json!(value));
    None
}

fn check(attachment: &Attachment, rules: &Rules) -> Result<(), Failure> {
    let Rules { name, most, types, advice } = rules;
    if let Some(size) = attachment.size.filter(|size| size > most) {
        let sentence = format!("the file has {size} bytes, WhatsApp takes {most} of this kind ({name})");
        return Err(Failure::rejected(sentence));
    }
    let taken = |mime: &str| types.iter().any(|taken| mime.to_ascii_lowercase().starts_with(taken));
    match attachment.mime_type.as_deref() {
        Some(mime) if !types.is_empty() && !taken(mime) => {
            Err(Failure::rejected(format!("the file is {mime}, but WhatsApp takes {advice}")))
        }
        _ => Ok(()),
    }
}

/// Uploading twice leaves one file too many, which nobody sees, for thirty days.
pub fn upload(api: &Api, attachment: &Attachment, media: &MediaId) -> Request {
    let file = Part {
        file_name: attachment.file_name.clone(),
        mime_type: attachment.mime_type.clone(),
        ..Part::file("file", media.clone())
    };
    let parts = vec![Part::text("messaging_product", "whatsapp"), file];
    api.graph.post([&api.settings.phone_number_id, "media"]).multipart(parts).idempotent()
}
