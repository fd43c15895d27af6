//! What a message says.

use crate::wire::{at, items, text};
use crate::written::{file, written};
use patchbay_plugin_sdk::{Choice, Content, Detail, Location};
use serde_json::Value;

pub fn read(created: &Value) -> Content {
    let data = at(created, &["message_data"]);
    let attachment = at(data, &["attachment"]);
    let media = at(attachment, &["media"]);
    let links = items(data, &["entities", "urls"]);
    let text = written(at(data, &["text"]).as_str().unwrap_or_default(), links, media);
    let attachments: Vec<_> = file(media).into_iter().collect();
    let is_read = attachment.is_null() || !attachments.is_empty();
    let detail = choice(data, text.as_deref()).or_else(|| location(attachment));
    let detail = detail.or_else(|| (!is_read).then(|| Detail::Unsupported(attachment.to_string())));
    Content { text, attachments, detail }
}

/// The quick reply that was tapped, which is also the text.
fn choice(data: &Value, label: Option<&str>) -> Option<Detail> {
    let response = at(data, &["quick_reply_response"]);
    if !response.is_object() {
        return None;
    }
    let title = label.unwrap_or_default();
    let id = text(response, &["metadata"]).unwrap_or(title);
    Some(Detail::Choice(Choice { id: id.to_owned(), title: title.to_owned(), description: None }))
}

/// X writes the longitude first.
fn location(attachment: &Value) -> Option<Detail> {
    let pair = items(attachment, &["location", "shared_coordinate", "coordinates", "coordinates"]);
    let [longitude, latitude] = pair else { return None };
    let (longitude, latitude) = (longitude.as_f64()?, latitude.as_f64()?);
    Some(Detail::Location(Location { latitude, longitude, name: None, address: None }))
}
