//! Files: uploaded by people, shown under addresses that anybody may open who was given one, until they expire.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use patchbay_domain::{
    MediaId,
    platform::{Attachment, MediaKind, MediaSource},
};
use patchbay_plugin_host::ByteStream;
use patchbay_store::media::Media;
use url::Url;

use super::ServiceError;
use crate::{
    app::App,
    auth::Principal,
    media::{DiskMediaError, FolderError},
};

/// So many files go with one message.
pub const MOST_FILES: usize = 10;
/// An address that is shown stays good for a day at least. It changes once an hour, so that browsers keep what they have.
const GOOD_FOR: TimeDelta = TimeDelta::hours(25);

/// Keeps a file under an identifier that messages can name; where there are `kinds`, only one of these types.
pub async fn upload(
    app: &App,
    principal: &Principal,
    kinds: Option<&'static [&'static str]>,
    mime_type: Option<&str>,
    file_name: Option<&str>,
    content: ByteStream,
) -> Result<Media, ServiceError> {
    let limit = app.config.server.media_body_bytes as u64;
    let organisation = principal.organisation_id;
    Ok(match kinds {
        None => app.media.keep(organisation, limit, mime_type, file_name, content).await?,
        Some(kinds) => app.media.keep_of(kinds, organisation, limit, mime_type, file_name, content).await?,
    })
}

/// The file behind an address that [`address`] made.
pub async fn find(app: &App, id: MediaId, expires_at: DateTime<Utc>, signature: &str) -> Result<Media, ServiceError> {
    if !app.keyring.verify_media(id, expires_at, signature, (app.clock)()) {
        return Err(ServiceError::Forbidden("this address is not ours or has expired; ask for a new one".to_owned()));
    }
    app.store.media(id).await?.ok_or(ServiceError::NotFound("file"))
}

/// Bytes of a file that was found.
pub async fn part(app: &App, media: &Media, from: u64, length: u64) -> Result<ByteStream, ServiceError> {
    Ok(app.media.part(media, from, length).await?)
}

/// Where a file can be fetched from now on.
pub fn address(app: &App, id: MediaId) -> String {
    let now = (app.clock)();
    let hour = now.duration_trunc(TimeDelta::hours(1)).unwrap_or(now);
    format!("{}{}", app.config.server.public_url, app.keyring.media_path(id, hour + GOOD_FOR))
}

/// The file that an address of ours shows, whoever it was given to and until when.
pub fn named(app: &App, url: &Url) -> Option<MediaId> {
    let path = url.as_str().strip_prefix(&app.config.server.public_url)?.strip_prefix("/media/")?;
    path.split('?').next()?.parse().ok()
}

/// The organisation's own files, as a message takes them along.
pub async fn attachments(app: &App, principal: &Principal, files: &[MediaId]) -> Result<Vec<Attachment>, ServiceError> {
    let mut attachments = Vec::with_capacity(files.len());
    for id in files {
        let media = app.store.media(*id).await?;
        let media = media.filter(|media| media.organisation_id == principal.organisation_id);
        attachments.push(attachment(media.ok_or(ServiceError::NotFound("file"))?));
    }
    Ok(attachments)
}

/// A file that is kept, as a message takes it along.
pub fn attachment(media: Media) -> Attachment {
    let Media { id, mime_type, file_name, size, .. } = media;
    Attachment {
        kind: kind(&mime_type),
        source: MediaSource::Stored(id),
        mime_type: Some(mime_type),
        file_name,
        size: Some(size),
        caption: None,
        public_url: None,
    }
}

fn kind(mime_type: &str) -> MediaKind {
    match mime_type.split_once('/') {
        // A drawing that can hold programs is shown by no platform.
        Some(("image", subtype)) if !subtype.starts_with("svg") => MediaKind::Image,
        Some(("video", _)) => MediaKind::Video,
        Some(("audio", _)) => MediaKind::Audio,
        _ => MediaKind::Document,
    }
}

impl From<DiskMediaError> for ServiceError {
    fn from(error: DiskMediaError) -> Self {
        match error {
            DiskMediaError::NotFound => Self::NotFound("file"),
            DiskMediaError::Kind(kinds) => {
                Self::invalid("file", format!("must be one of {}, by its content", kinds.join(" ")))
            }
            DiskMediaError::Store(error) => error.into(),
            DiskMediaError::Folder(FolderError::TooLarge(_)) => Self::TooLarge,
            DiskMediaError::Folder(FolderError::Source(error)) => {
                Self::invalid("file", format!("broke off while it came in: {error}"))
            }
            DiskMediaError::Folder(FolderError::Disk(error)) => Self::Internal(error.to_string()),
        }
    }
}
