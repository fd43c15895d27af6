//! Files in messages. A stored one goes into the request's JSON in base64, so that WAHA need not reach the engine.

use super::compose::Piece;
use patchbay_plugin_sdk::{Attachment, Chunk, Failure, MediaKind, MediaSource, Request};
use serde_json::{Map, Value, json};

/// How a kind of file is sent.
struct Way {
    call: &'static str,
    mime_type: &'static str,
    /// What WAHA converts other formats to, where it converts.
    converted: Option<&'static str>,
    /// Where the call does not go without one.
    name: Option<&'static str>,
}

const fn way(kind: MediaKind) -> Way {
    match kind {
        MediaKind::Image => Way { call: "sendImage", mime_type: "image/jpeg", converted: None, name: None },
        // There is no call for stickers: they arrive as pictures.
        MediaKind::Sticker => Way { call: "sendImage", mime_type: "image/webp", converted: None, name: None },
        MediaKind::Video => {
            Way { call: "sendVideo", mime_type: "video/mp4", converted: Some("video/mp4"), name: Some("video.mp4") }
        }
        MediaKind::Voice => Way {
            call: "sendVoice",
            mime_type: "audio/ogg; codecs=opus",
            converted: Some("audio/ogg"),
            name: Some("voice.ogg"),
        },
        MediaKind::Audio => Way { call: "sendFile", mime_type: "audio/mpeg", converted: None, name: None },
        MediaKind::Document => {
            Way { call: "sendFile", mime_type: "application/octet-stream", converted: None, name: None }
        }
    }
}

pub const fn has_caption(kind: MediaKind) -> bool {
    !matches!(kind, MediaKind::Voice)
}

pub fn piece<'a>(attachment: &'a Attachment, caption: Option<&str>) -> Result<Piece<'a>, Failure> {
    let way = way(attachment.kind);
    let mut piece = Piece { file: Some(attachment), ..Piece::new(way.call, []) };
    if let Some(caption) = caption.filter(|caption| !caption.is_empty()) {
        if !has_caption(attachment.kind) {
            return Err(Failure::rejected("WhatsApp shows no caption with a voice message; send it as text"));
        }
        piece.body.insert("caption".to_owned(), json!(caption));
    }
    if let Some(format) = way.converted {
        let is_already = mime_type(attachment).to_ascii_lowercase().starts_with(format);
        piece.body.insert("convert".to_owned(), json!(!is_already));
    }
    Ok(piece)
}

fn mime_type(attachment: &Attachment) -> &str {
    attachment.mime_type.as_deref().filter(|mime| !mime.is_empty()).unwrap_or(way(attachment.kind).mime_type)
}

/// The request with its JSON: `fields`, and the file among them.
pub fn with_file(request: Request, fields: &Map<String, Value>, attachment: &Attachment) -> Request {
    let mut file = Map::from_iter([("mimetype".to_owned(), json!(mime_type(attachment)))]);
    if let Some(name) = attachment.file_name.as_deref().or(way(attachment.kind).name) {
        file.insert("filename".to_owned(), json!(name));
    }
    match &attachment.source {
        MediaSource::Platform(url) | MediaSource::Url(url) => {
            file.insert("url".to_owned(), json!(url));
            let mut fields = fields.clone();
            fields.insert("file".to_owned(), Value::Object(file));
            request.json(&Value::Object(fields))
        }
        MediaSource::Stored(media) => {
            let before = format!("{},\"file\":{},\"data\":\"", open(fields), open(&file));
            let chunks = vec![
                Chunk::Bytes(before.into_bytes()),
                Chunk::MediaBase64(media.clone()),
                Chunk::Bytes(b"\"}}".to_vec()),
            ];
            request.chunks("application/json", chunks)
        }
    }
}

/// The object without the brace that ends it.
fn open(fields: &Map<String, Value>) -> String {
    let mut json = Value::Object(fields.clone()).to_string();
    json.pop();
    json
}
