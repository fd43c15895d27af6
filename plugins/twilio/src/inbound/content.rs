//! What a message says. A message of which nothing can be read stays whole, as unsupported content.

use crate::wire::Fields;
use patchbay_plugin_sdk::{Attachment, Choice, Content, Detail, Location, MediaKind, MediaSource};

pub fn read(fields: &Fields) -> Content {
    let detail = choice(fields).or_else(|| location(fields));
    let chosen = match &detail {
        Some(Detail::Choice(choice)) => Some(choice.title.clone()),
        _ => None,
    };
    let content = Content { text: fields.owned("Body").or(chosen), attachments: attachments(fields), detail };
    if content.text.is_none() && content.attachments.is_empty() && content.detail.is_none() {
        return Content { detail: Some(Detail::Unsupported(fields.json())), ..content };
    }
    content
}

/// A button, or a row of a list. One of its two fields is enough.
fn choice(fields: &Fields) -> Option<Detail> {
    [("ButtonPayload", "ButtonText"), ("ListId", "ListTitle")].into_iter().find_map(|(id, title)| {
        let (id, title) = (fields.get(id), fields.get(title));
        let (id, title) = (id.or(title)?, title.or(id)?);
        Some(Detail::Choice(Choice { id: id.to_owned(), title: title.to_owned(), description: None }))
    })
}

fn location(fields: &Fields) -> Option<Detail> {
    let degrees = |name, most: f64| {
        let number: f64 = fields.get(name)?.trim().parse().ok()?;
        (-most..=most).contains(&number).then_some(number)
    };
    Some(Detail::Location(Location {
        latitude: degrees("Latitude", 90.0)?,
        longitude: degrees("Longitude", 180.0)?,
        name: fields.owned("Label"),
        address: fields.owned("Address"),
    }))
}

/// The files are those whose addresses came; `NumMedia` only counts them.
fn attachments(fields: &Fields) -> Vec<Attachment> {
    let sticker = fields.get("MessageType") == Some("sticker");
    let attachment = |(number, url): (u64, &str)| {
        let mime_type = fields.owned(&format!("MediaContentType{number}"));
        let kind = kind(mime_type.as_deref().unwrap_or_default(), sticker);
        Attachment { mime_type, ..Attachment::new(kind, MediaSource::Platform(url.to_owned())) }
    };
    fields.numbered("MediaUrl").into_iter().map(attachment).collect()
}

fn kind(mime_type: &str, sticker: bool) -> MediaKind {
    match mime_type.split('/').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "image" if sticker => MediaKind::Sticker,
        "image" => MediaKind::Image,
        "video" => MediaKind::Video,
        "audio" => MediaKind::Audio,
        _ => MediaKind::Document,
    }
}
