//! What a message says, by its type. A type or a shape that is not known stays whole, as unsupported content.

use super::{card, order};
use crate::wire::{Button, FormReply, Interactive, Location, Media, Message, Reply, TextBody};
use patchbay_plugin_meta::json::{Raw, read as part};
use patchbay_plugin_sdk::{Attachment, Choice, Content, Detail, MediaKind, MediaSource, types};
use serde_json::value::RawValue;

/// A platform fact that the contract has no field for: its name, and the JSON as it came.
pub type Fact<'a> = (&'static str, Raw<'a>);

const NONE: Fact<'static> = ("", None);

pub fn read<'a>(raw: &RawValue, message: &Message<'a>) -> (Content, Fact<'a>) {
    known(message).unwrap_or_else(|| {
        let detail = Some(Detail::Unsupported(raw.get().to_owned()));
        (Content { detail, ..Content::empty() }, NONE)
    })
}

fn known<'a>(message: &Message<'a>) -> Option<(Content, Fact<'a>)> {
    match message.kind.or_empty() {
        "text" => Some((Content::text(part::<TextBody<'_>>(message.text)?.body.get()?), NONE)),
        "image" => media(MediaKind::Image, message.image),
        "video" => media(MediaKind::Video, message.video),
        "audio" => media(MediaKind::Audio, message.audio),
        "voice" => media(MediaKind::Voice, message.voice),
        "document" => media(MediaKind::Document, message.document),
        "sticker" => media(MediaKind::Sticker, message.sticker),
        "location" => location(message.location),
        "contacts" => {
            Some((detailed(Detail::Contacts(card::contacts(message.contacts)?)), ("contacts", message.contacts)))
        }
        "button" => button(message.button),
        "interactive" => interactive(message.interactive),
        "order" => Some((Content::text(order::summary(message.order)?), ("order", message.order))),
        _ => None,
    }
}

/// The new content of an edited message. An edit changes words, so a caption may come without its file.
pub fn edited(raw: &RawValue) -> Option<Content> {
    let message: Message<'_> = part(Some(raw))?;
    if let Some((content, _)) = known(&message) {
        return Some(content);
    }
    let captioned = [message.image, message.video, message.document].into_iter().find_map(part::<Media<'_>>)?;
    Some(Content::text(captioned.caption.or_empty()))
}

fn detailed(detail: Detail) -> Content {
    Content { detail: Some(detail), ..Content::empty() }
}

/// A file is fetched by its id: the address that newer webhooks add is valid for five minutes only.
fn media(kind: MediaKind, raw: Raw<'_>) -> Option<(Content, Fact<'_>)> {
    let media: Media<'_> = part(raw)?;
    let kind = if media.voice.is("true") { MediaKind::Voice } else { kind };
    let attachment = Attachment {
        mime_type: media.mime_type.owned(),
        file_name: media.filename.owned(),
        caption: media.caption.owned(),
        ..Attachment::new(kind, MediaSource::Platform(media.id.owned()?))
    };
    Some((Content { attachments: vec![attachment], ..Content::empty() }, ("media", raw)))
}

fn location(raw: Raw<'_>) -> Option<(Content, Fact<'_>)> {
    let location: Location<'_> = part(raw)?;
    let degrees = |text: Option<f64>| text.filter(|number| number.is_finite());
    let detail = Detail::Location(types::Location {
        latitude: degrees(location.latitude.number())?,
        longitude: degrees(location.longitude.number())?,
        name: location.name.owned(),
        address: location.address.owned(),
    });
    Some((detailed(detail), location.url.map_or(NONE, |url| ("location_url", Some(url)))))
}

/// What was chosen is also what the contact says.
fn chosen(id: String, title: String, description: Option<String>) -> Content {
    let text = Some(title.clone());
    Content { text, ..detailed(Detail::Choice(Choice { id, title, description })) }
}

fn button(raw: Raw<'_>) -> Option<(Content, Fact<'_>)> {
    let Button { payload, text } = part(raw)?;
    let title = text.get().or(payload.get())?;
    Some((chosen(payload.get().unwrap_or(title).to_owned(), title.to_owned(), None), NONE))
}

fn interactive(raw: Raw<'_>) -> Option<(Content, Fact<'_>)> {
    let interactive: Interactive<'_> = part(raw)?;
    if let Some(form) = part::<FormReply<'_>>(interactive.nfm_reply) {
        return Some((Content::text(form.body.get()?), ("nfm_reply", interactive.nfm_reply)));
    }
    let reply: Reply<'_> = part(interactive.button_reply.or(interactive.list_reply))?;
    let title = reply.title.get().or(reply.id.get())?;
    let id = reply.id.get().unwrap_or(title);
    Some((chosen(id.to_owned(), title.to_owned(), reply.description.owned()), NONE))
}
