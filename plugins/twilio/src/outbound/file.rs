//! Files in messages: Twilio fetches each from a public address.

use crate::settings::Medium;
use patchbay_plugin_sdk::{Attachment, Failure, MediaKind, MediaSource};

/// What Twilio takes.
const MOST: u64 = 5 * 1024 * 1024;

/// How many files one message carries.
pub const fn per_message(medium: Medium) -> usize {
    match medium {
        Medium::Sms => 10,
        Medium::WhatsApp => 1,
    }
}

/// Whether the text goes with the file. Below other files WhatsApp shows none.
pub fn carries_text(medium: Medium, file: &Attachment) -> bool {
    medium == Medium::Sms || file.kind == MediaKind::Image
}

/// Where Twilio fetches the file.
pub fn public_url(file: &Attachment) -> Result<&str, Failure> {
    if let Some(size) = file.size.filter(|size| *size > MOST) {
        return Err(Failure::rejected(format!("the file has {size} bytes, Twilio takes {MOST}")));
    }
    let url = match (&file.public_url, &file.source) {
        (Some(url), _) | (None, MediaSource::Url(url)) => url.as_str(),
        (None, MediaSource::Stored(_)) => {
            return Err(Failure::rejected("the file has no public address from which Twilio could fetch it"));
        }
        (None, MediaSource::Platform(_)) => {
            return Err(Failure::rejected("a file that a contact sent has to be fetched before it is sent on"));
        }
    };
    let is_web = ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme));
    if is_web { Ok(url) } else { Err(Failure::rejected("the file's address must begin with https:// or http://")) }
}
