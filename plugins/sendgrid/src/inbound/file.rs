//! Files that come within the webhook: as `data:` addresses, which the engine stores before anybody sees the message.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use patchbay_plugin_sdk::{Attachment, MediaKind, MediaSource};

const UNKNOWN: &str = "application/octet-stream";

pub fn attachment(bytes: &[u8], mime_type: Option<&str>, file_name: Option<String>) -> Attachment {
    let mime_type = mime_type.and_then(essence).unwrap_or_else(|| UNKNOWN.to_owned());
    let mut url = format!("data:{mime_type};base64,");
    url.reserve_exact(bytes.len().div_ceil(3).saturating_mul(4));
    BASE64_STANDARD.encode_string(bytes, &mut url);
    Attachment {
        size: u64::try_from(bytes.len()).ok(),
        file_name: file_name.filter(|name| !name.is_empty()),
        mime_type: Some(mime_type.clone()),
        ..Attachment::new(kind(&mime_type), MediaSource::Url(url))
    }
}

/// The type without its parameters, where it is one.
fn essence(mime_type: &str) -> Option<String> {
    let essence = mime_type.split(';').next()?.trim().to_ascii_lowercase();
    let is_token = |part: &str| {
        !part.is_empty()
            && part.len() <= 100
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    let (kind, subtype) = essence.split_once('/')?;
    (is_token(kind) && is_token(subtype)).then(|| essence.clone())
}

fn kind(mime_type: &str) -> MediaKind {
    match mime_type.split_once('/') {
        // A drawing that can hold programs is nothing to show in a conversation.
        Some(("image", subtype)) if subtype != "svg+xml" => MediaKind::Image,
        Some(("video", _)) => MediaKind::Video,
        Some(("audio", _)) => MediaKind::Audio,
        _ => MediaKind::Document,
    }
}
