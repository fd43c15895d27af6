//! What a message says. A kind that is not known stays whole, as unsupported content.

use crate::json::{Raw, items, read};
use crate::messaging::wire::{Attachment, Coordinates, Message, Payload, QuickReply};
use patchbay_plugin_sdk::{Choice, Content, Detail, MediaKind, MediaSource, types};
use serde_json::value::RawValue;

const HEART: &str = "❤️";
const FILE_HOSTS: [&str; 3] = ["fbsbx.com", "fbcdn.net", "cdninstagram.com"];

pub struct Said<'a> {
    pub content: Content,
    /// The attachments as they came, where the content does not hold all of them.
    pub left: Raw<'a>,
}

pub fn read_message<'a>(raw: &RawValue, message: &Message<'a>) -> Said<'a> {
    let mut content = Content { text: message.text.owned(), ..Content::empty() };
    let attachments: Vec<_> = items(message.attachments).into_iter().map(known).collect();
    let mut complete = true;
    for (position, part) in attachments.iter().enumerate() {
        if !is_repeated_sticker(position, part, &attachments) {
            complete &= add(&mut content, part);
        }
    }
    let chosen: Option<QuickReply<'_>> = read(message.quick_reply);
    if let Some(payload) = chosen.and_then(|chosen| chosen.payload.owned()) {
        let title = content.text.clone().unwrap_or_default();
        content.detail = Some(Detail::Choice(Choice { id: payload, title, description: None }));
    }
    if content == Content::empty() {
        content.detail = Some(Detail::Unsupported(raw.get().to_owned()));
    }
    Said { content, left: message.attachments.filter(|_| !complete) }
}

/// An attachment and its payload.
struct Known<'a> {
    attachment: Attachment<'a>,
    payload: Payload<'a>,
}

impl Known<'_> {
    fn kind(&self) -> &str {
        self.attachment.kind.or_empty()
    }

    fn url(&self) -> Option<&str> {
        self.payload.url.get().or(self.attachment.url.get())
    }

    fn title(&self) -> Option<&str> {
        self.payload.title.get().or(self.attachment.title.get())
    }

    fn is_sticker(&self) -> bool {
        self.payload.sticker_id.get().is_some()
    }
}

fn known(raw: &RawValue) -> Known<'_> {
    let attachment: Attachment<'_> = read(Some(raw)).unwrap_or_default();
    Known { payload: read(attachment.payload).unwrap_or_default(), attachment }
}

/// One sticker comes as a `sticker` and an `image`.
fn is_repeated_sticker(position: usize, part: &Known<'_>, all: &[Known<'_>]) -> bool {
    let same = |sticker: &Known<'_>| part.is_sticker() || part.url() == sticker.url() || all.len() == 2;
    part.kind() == "image"
        && all
            .iter()
            .enumerate()
            .any(|(other, sticker)| other != position && sticker.kind() == "sticker" && same(sticker))
}

/// Whether the content holds all of it now.
fn add(content: &mut Content, part: &Known<'_>) -> bool {
    let kind = match part.kind() {
        "image" if part.is_sticker() => MediaKind::Sticker,
        // A story may also be a video: what it is shows when it is fetched.
        "image" | "story_mention" => MediaKind::Image,
        "sticker" => MediaKind::Sticker,
        "video" | "reel" | "ig_reel" => MediaKind::Video,
        "audio" => MediaKind::Audio,
        "file" => MediaKind::Document,
        "like_heart" => return write(content, HEART),
        "location" => return locate(content, part),
        // Served as a file for a while, else a page to look at.
        "share" | "post" | "ig_post" if part.url().is_some_and(is_file) => MediaKind::Image,
        "fallback" | "share" | "post" | "ig_post" => return link(content, part),
        _ => return false,
    };
    let Some(url) = part.url() else { return false };
    content.attachments.push(types::Attachment {
        file_name: part.title().filter(|_| kind == MediaKind::Document).map(str::to_owned),
        ..types::Attachment::new(kind, MediaSource::Platform(url.to_owned()))
    });
    !matches!(part.kind(), "story_mention" | "reel" | "ig_reel" | "share" | "post" | "ig_post")
}

/// From where the platform serves files, at addresses that expire.
fn is_file(url: &str) -> bool {
    let host = url.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    FILE_HOSTS.iter().any(|domain| host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

/// Something shared is a link, unless the text has it already.
fn link(content: &mut Content, part: &Known<'_>) -> bool {
    let Some(url) = part.url() else { return content.text.is_some() };
    if content.text.as_deref().is_some_and(|text| text.contains(url)) {
        return part.title().is_none();
    }
    match part.title() {
        Some(title) => write(content, &format!("{title}\n{url}")),
        None => write(content, url),
    };
    part.kind() == "fallback"
}

fn write(content: &mut Content, line: &str) -> bool {
    content.text = Some(match content.text.take() {
        Some(text) => format!("{text}\n{line}"),
        None => line.to_owned(),
    });
    true
}

fn locate(content: &mut Content, part: &Known<'_>) -> bool {
    let place: Option<Coordinates<'_>> = read(part.payload.coordinates);
    let degrees = |number: Option<f64>| number.filter(|degrees| degrees.is_finite());
    let found = place.and_then(|place| Some((degrees(place.lat.number())?, degrees(place.long.number())?)));
    let Some((latitude, longitude)) = found else { return false };
    let name = part.title().map(str::to_owned);
    content.detail = Some(Detail::Location(types::Location { latitude, longitude, name, address: None }));
    true
}
