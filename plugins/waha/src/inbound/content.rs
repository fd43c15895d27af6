//! What a message says. What is not known stays whole, as unsupported content.

use super::vcard;
use crate::wire::{at, flag, items, number, text};
use patchbay_plugin_sdk::{Attachment, Content, Detail, Location, MediaKind, MediaSource};
use serde_json::{Map, Value, json};

/// Platform facts that the contract has no field for.
pub type Facts = Map<String, Value>;

/// What WAHA serves itself, with the key; other addresses are those of a storage.
pub const FILES: &str = "/api/files/";

pub fn read(payload: &Value) -> (Content, Facts) {
    let body = text(payload, "body").map(str::to_owned);
    let mut facts = Facts::new();
    if let Some(location) = location(at(payload, &["location"]), &mut facts) {
        // The body is a picture of the map, or the name once more.
        return (Content { detail: Some(Detail::Location(location)), ..Content::empty() }, facts);
    }
    let has_media = flag(payload, "hasMedia") || at(payload, &["media"]).is_object();
    let mut cards = vcard::people(items(payload, "vCards"));
    if cards.is_empty() && !has_media {
        // One card alone is also the body, and WAHA need not list it.
        cards = vcard::people(std::slice::from_ref(at(payload, &["body"])));
    }
    if !cards.is_empty() {
        let text = body.filter(|body| !vcard::is_card(body));
        return (Content { text, detail: Some(Detail::Contacts(cards)), ..Content::empty() }, facts);
    }
    if has_media {
        return (media(payload, body, &mut facts), facts);
    }
    match body {
        Some(body) => (Content::text(body), facts),
        None => (unsupported(None, payload), facts),
    }
}

/// What can be shown, and the message as it came.
fn unsupported(text: Option<String>, payload: &Value) -> Content {
    Content { text, detail: Some(Detail::Unsupported(payload.to_string())), ..Content::empty() }
}

/// A file. Where WAHA did not download it, a placeholder says that there was one.
fn media(payload: &Value, caption: Option<String>, facts: &mut Facts) -> Content {
    let media = at(payload, &["media"]);
    let error = at(media, &["error"]);
    if !error.is_null() {
        facts.insert("mediaError".to_owned(), error.clone());
    }
    let Some(url) = text(media, "url").filter(|_| error.is_null()) else { return unsupported(caption, payload) };
    let mime_type = text(media, "mimetype");
    let source =
        if url.contains(FILES) { MediaSource::Platform(url.to_owned()) } else { MediaSource::Url(url.to_owned()) };
    let attachment = Attachment {
        mime_type: mime_type.map(str::to_owned),
        file_name: text(media, "filename").map(str::to_owned),
        caption,
        ..Attachment::new(kind(mime_type.unwrap_or_default()), source)
    };
    Content { attachments: vec![attachment], ..Content::empty() }
}

/// WhatsApp's own programs send stickers as WebP and voice messages as OGG, and nothing else as these.
fn kind(mime_type: &str) -> MediaKind {
    let mime_type = mime_type.to_ascii_lowercase();
    match mime_type.split(['/', ';']).next() {
        Some("image") if mime_type.starts_with("image/webp") => MediaKind::Sticker,
        Some("image") => MediaKind::Image,
        Some("video") => MediaKind::Video,
        Some("audio") if mime_type.starts_with("audio/ogg") => MediaKind::Voice,
        Some("audio") => MediaKind::Audio,
        _ => MediaKind::Document,
    }
}

fn location(place: &Value, facts: &mut Facts) -> Option<Location> {
    let location = Location {
        latitude: number(at(place, &["latitude"]))?,
        longitude: number(at(place, &["longitude"]))?,
        name: text(place, "name").or(text(place, "description")).map(str::to_owned),
        address: text(place, "address").map(str::to_owned),
    };
    if flag(place, "live") {
        facts.insert("liveLocation".to_owned(), json!(true));
    }
    if let Some(url) = text(place, "url") {
        facts.insert("locationUrl".to_owned(), json!(url));
    }
    Some(location)
}
