//! Which messages a content becomes: WhatsApp takes one thing per message.

use super::{choices, contacts, file};
use crate::correlation;
use patchbay_plugin_sdk::{Attachment, Content, Detail, Failure, Location, Outgoing};
use serde_json::{Map, Value, json};

/// Requests that the engine makes for one command, without the one that looks for the recipient.
const MESSAGES: usize = 7;

/// One message: the call that sends it, and what it says. A file is put in by `file`.
pub struct Piece<'a> {
    pub call: &'static str,
    pub body: Map<String, Value>,
    pub file: Option<&'a Attachment>,
}

impl Piece<'_> {
    pub fn new(call: &'static str, body: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        Self { call, body: body.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(), file: None }
    }
}

pub fn pieces(outgoing: &Outgoing) -> Result<Vec<Piece<'_>>, Failure> {
    let content = &outgoing.content;
    let text = content.text.as_deref().filter(|text| !text.is_empty());
    let detail = content.detail.as_ref().map(|detail| described(detail, text)).transpose()?;
    // Choices carry the text themselves.
    let free = text.filter(|_| !matches!(content.detail, Some(Detail::Choices(_))));
    let captioned = free.filter(|_| detail.is_none() && can_caption(content));
    let mut pieces = Vec::new();
    if let Some(text) = free.filter(|_| captioned.is_none()) {
        pieces.push(written(text, &outgoing.metadata));
    }
    for (position, attachment) in content.attachments.iter().enumerate() {
        let caption = attachment.caption.as_deref().or(captioned.filter(|_| position == 0));
        pieces.push(file::piece(attachment, caption)?);
    }
    pieces.extend(detail);
    match pieces.len() {
        0 => return Err(Failure::rejected("the message is empty")),
        count if count > MESSAGES => {
            let sentence =
                format!("the content takes {count} messages, at most {MESSAGES} are possible; send fewer files");
            return Err(Failure::rejected(sentence));
        }
        _ => {}
    }
    identify(&mut pieces, &outgoing.id);
    Ok(pieces)
}

/// The first message goes out under the engine's own identifier, where the call takes one.
fn identify(pieces: &mut [Piece<'_>], outgoing: &str) {
    let first = pieces.first_mut().filter(|piece| piece.file.is_none() && piece.call != choices::LIST);
    if let (Some(piece), Some(id)) = (first, correlation::message_id(outgoing)) {
        piece.body.insert("id".to_owned(), json!(id));
    }
}

fn written(text: &str, metadata: &str) -> Piece<'static> {
    let mut piece = Piece::new("sendText", [("text", json!(text))]);
    let metadata: Value = serde_json::from_str(metadata).unwrap_or_default();
    let preview = ["linkPreview", "previewUrl"].into_iter().find_map(|name| metadata.get(name)?.as_bool());
    if let Some(preview) = preview {
        piece.body.insert("linkPreview".to_owned(), json!(preview));
    }
    piece
}

/// A text goes below the first file instead of before it.
fn can_caption(content: &Content) -> bool {
    content.attachments.first().is_some_and(|first| first.caption.is_none() && file::has_caption(first.kind))
}

fn described(detail: &Detail, text: Option<&str>) -> Result<Piece<'static>, Failure> {
    match detail {
        Detail::Location(place) => Ok(location(place)),
        Detail::Contacts(people) => contacts::piece(people),
        Detail::Choices(choices) => choices::piece(text, choices),
        Detail::Choice(_) | Detail::Template(_) | Detail::Email(_) | Detail::Unsupported(_) => {
            Err(Failure::unsupported("WAHA cannot carry this kind of message"))
        }
    }
}

fn location(place: &Location) -> Piece<'static> {
    let parts: Vec<&str> = [&place.name, &place.address].into_iter().filter_map(|part| part.as_deref()).collect();
    let fields = [
        ("latitude", json!(place.latitude)),
        ("longitude", json!(place.longitude)),
        ("title", json!(parts.join(", "))),
    ];
    Piece::new("sendLocation", fields)
}
