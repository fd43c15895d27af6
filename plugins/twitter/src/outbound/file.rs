//! Files in messages: which ones X takes, and as what.

use patchbay_plugin_sdk::{Attachment, Failure, MediaKind};

const MB: u64 = 1_000_000;

/// How a file is given to X.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Category {
    pub name: &'static str,
    /// In pieces; else at once.
    pub chunked: bool,
    largest: u64,
}

const IMAGE: Category = Category { name: "dm_image", chunked: false, largest: 5 * MB };
const GIF: Category = Category { name: "dm_gif", chunked: true, largest: 15 * MB };
const VIDEO: Category = Category { name: "dm_video", chunked: true, largest: 512 * MB };

pub fn category(attachment: &Attachment) -> Option<Category> {
    match (attachment.kind, mime_type(attachment)?) {
        (_, "image/gif") => Some(GIF),
        (MediaKind::Video, _) => Some(VIDEO),
        (MediaKind::Image | MediaKind::Sticker, _) => Some(IMAGE),
        (MediaKind::Audio | MediaKind::Voice | MediaKind::Document, _) => None,
    }
}

/// The type in X's own words; nothing for one that X does not take.
pub fn mime_type(attachment: &Attachment) -> Option<&'static str> {
    const IMAGES: [&str; 7] =
        ["image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp", "image/tiff", "image/pjpeg"];
    const VIDEOS: [&str; 4] = ["video/mp4", "video/quicktime", "video/webm", "video/mp2t"];
    let (taken, usual): (&[&'static str], _) = match attachment.kind {
        MediaKind::Image => (&IMAGES, "image/jpeg"),
        MediaKind::Sticker => (&IMAGES, "image/webp"),
        MediaKind::Video => (&VIDEOS, "video/mp4"),
        MediaKind::Audio | MediaKind::Voice | MediaKind::Document => return None,
    };
    let told = attachment.mime_type.as_deref().and_then(|told| told.split(';').next()).map(str::trim);
    match told.filter(|told| !told.is_empty()) {
        None => Some(usual),
        Some(told) => taken.iter().find(|known| known.eq_ignore_ascii_case(told)).copied(),
    }
}

pub fn check(attachment: &Attachment) -> Result<(), Failure> {
    let Some(category) = category(attachment) else {
        return Err(Failure::unsupported("X takes pictures, animated GIFs and videos only; send a link to this file"));
    };
    match attachment.size.filter(|size| *size > category.largest) {
        Some(size) => Err(Failure::rejected(format!("the file has {size} bytes, X takes {}", category.largest))),
        None => Ok(()),
    }
}
