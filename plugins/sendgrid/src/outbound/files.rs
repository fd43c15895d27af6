//! Files of a mail: in base64 within its JSON, put there by the engine.

use patchbay_plugin_sdk::{Attachment, Chunk, Failure, MediaSource, Outgoing, Request};
use serde_json::{Map, Value, json};

/// Of the whole mail.
const LARGEST_MAIL: u64 = 30 * 1024 * 1024;

/// Where a sender says which file is which picture of the HTML: the picture's name there, and the file's place among the
/// message's files.
const PICTURES: &str = "content_ids";

pub fn attach(request: Request, mail: Map<String, Value>, outgoing: &Outgoing) -> Result<Request, Failure> {
    let files = &outgoing.content.attachments;
    let names = names(outgoing)?;
    let mail = Value::Object(mail);
    let mut text = mail.to_string();
    let encoded = files.iter().filter_map(|file| file.size).map(|size| size.div_ceil(3).saturating_mul(4));
    let size = encoded.fold(u64::try_from(text.len()).unwrap_or(u64::MAX), u64::saturating_add);
    if size > LARGEST_MAIL {
        return Err(Failure::rejected(format!(
            "the mail has {size} bytes with its files, SendGrid takes {LARGEST_MAIL}"
        )));
    }
    if files.is_empty() {
        return Ok(request.json(&mail));
    }
    // Open again where the last field of the mail ended.
    text.pop();
    text.push_str(r#","attachments":["#);
    let mut chunks = Vec::new();
    for (position, file) in files.iter().enumerate() {
        let MediaSource::Stored(media) = &file.source else {
            return Err(Failure::rejected("a mail carries its files with it; store the file first"));
        };
        text.push_str(if position == 0 { r#"{"content":""# } else { r#",{"content":""# });
        chunks.push(Chunk::Bytes(std::mem::take(&mut text).into_bytes()));
        chunks.push(Chunk::MediaBase64(media.clone()));
        text.push_str("\",");
        // The rest of the object, which is never empty.
        text.push_str(described(file, named(&names, position)).to_string().trim_start_matches('{'));
    }
    text.push_str("]}");
    chunks.push(Chunk::Bytes(text.into_bytes()));
    Ok(request.chunks("application/json", chunks))
}

fn names(outgoing: &Outgoing) -> Result<Map<String, Value>, Failure> {
    let metadata: Map<String, Value> = serde_json::from_str(&outgoing.metadata).unwrap_or_default();
    let names = metadata.get(PICTURES).and_then(Value::as_object).cloned().unwrap_or_default();
    let files = outgoing.content.attachments.len();
    let is_file =
        |place: &Value| place.as_u64().and_then(|place| usize::try_from(place).ok()).is_some_and(|place| place < files);
    if names.values().all(is_file) {
        Ok(names)
    } else {
        Err(Failure::rejected(format!("{PICTURES} names the place of a file that the message does not have")))
    }
}

/// The name under which the HTML shows the file at this place.
fn named(names: &Map<String, Value>, position: usize) -> Option<&str> {
    let mut names = names.iter();
    names.find(|(_, place)| place.as_u64() == u64::try_from(position).ok()).map(|(name, _)| name.as_str())
}

fn described(file: &Attachment, picture: Option<&str>) -> Value {
    let mime_type = file.mime_type.as_deref().filter(|kind| !kind.is_empty()).unwrap_or("application/octet-stream");
    let name = file.file_name.as_deref().filter(|name| !name.is_empty()).unwrap_or("file");
    match picture {
        Some(id) => json!({"type": mime_type, "filename": name, "disposition": "inline", "content_id": id}),
        None => json!({"type": mime_type, "filename": name, "disposition": "attachment"}),
    }
}
