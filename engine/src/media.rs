//! Media: the files of messages, on disk in the data folder, with a row in the
//! store that says what each is and whose.
//!
//! The row comes last: whatever has one is whole and on the disk. A file is
//! opened for the organisation that owns it, and for no other.

mod folder;
mod label;

use std::{sync::Arc, time::SystemTime};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, MediaId, OrganisationId};
use patchbay_plugin_host::{ByteStream, MediaError, MediaRead, MediaStore};
use patchbay_store::{Store, StoreError, media::Media};

pub use self::folder::FolderError;
use self::folder::{Folder, Incoming};
use crate::config::Config;

#[derive(Debug, thiserror::Error)]
pub enum DiskMediaError {
    #[error("there is no such file")]
    NotFound,
    /// Its content is of none of these types.
    #[error("the file is none of {}", .0.join(", "))]
    Kind(&'static [&'static str]),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Cheap to clone.
#[derive(Clone)]
pub struct DiskMedia {
    shared: Arc<Shared>,
}

struct Shared {
    folder: Folder,
    /// The largest file that a platform sends.
    saved: u64,
    store: Store,
    clock: fn() -> DateTime<Utc>,
}

impl DiskMedia {
    pub fn new(config: &Config, store: Store, clock: fn() -> DateTime<Utc>) -> Self {
        let folder = Folder::new(config.storage.media_dir());
        if let Err(error) = folder.sweep(SystemTime::from(clock())) {
            tracing::warn!(%error, "what a crash left in the media folder could not be removed");
        }
        let saved = config.egress.saved_bytes as u64;
        Self { shared: Arc::new(Shared { folder, saved, store, clock }) }
    }

    /// Keeps a file of at most `limit` bytes, with the type its content shows, else the one it came with.
    pub async fn keep(
        &self,
        organisation_id: OrganisationId,
        limit: u64,
        mime_type: Option<&str>,
        file_name: Option<&str>,
        content: ByteStream,
    ) -> Result<Media, DiskMediaError> {
        let file = self.shared.folder.receive(content, limit).await?;
        self.name(organisation_id, mime_type, file_name, file).await
    }

    /// The same for a file whose content has to show that it is of one of these types.
    pub async fn keep_of(
        &self,
        kinds: &'static [&'static str],
        organisation_id: OrganisationId,
        limit: u64,
        mime_type: Option<&str>,
        file_name: Option<&str>,
        content: ByteStream,
    ) -> Result<Media, DiskMediaError> {
        let file = self.shared.folder.receive(content, limit).await?;
        let shown = label::shown_type(&file.head, mime_type);
        let essence = shown.as_deref().and_then(|shown| shown.split(';').next()).unwrap_or_default();
        if !kinds.contains(&essence.trim()) {
            return Err(DiskMediaError::Kind(kinds));
        }
        self.name(organisation_id, mime_type, file_name, file).await
    }

    async fn name(
        &self,
        organisation_id: OrganisationId,
        mime_type: Option<&str>,
        file_name: Option<&str>,
        file: Incoming,
    ) -> Result<Media, DiskMediaError> {
        let Shared { folder, store, clock, .. } = &*self.shared;
        let created_at = clock();
        let media = Media {
            id: MediaId::at(created_at),
            organisation_id,
            mime_type: label::mime_type(&file.head, mime_type),
            file_name: file_name.and_then(label::file_name),
            size: file.size,
            sha256: file.sha256.clone(),
            created_at,
        };
        folder.keep(media.id, file).await?;
        if let Err(error) = store.insert_media(&media).await {
            if let Err(error) = folder.remove(media.id).await {
                tracing::warn!(%error, media.id = %media.id, "a file without a row could not be removed");
            }
            return Err(error.into());
        }
        Ok(media)
    }

    /// An organisation's own file.
    pub async fn open_for(
        &self,
        organisation_id: OrganisationId,
        id: MediaId,
    ) -> Result<(Media, ByteStream), DiskMediaError> {
        let media = self.shared.store.media(id).await?;
        let media = media.filter(|media| media.organisation_id == organisation_id).ok_or(DiskMediaError::NotFound)?;
        let content = self.part(&media, 0, media.size).await?;
        Ok((media, content))
    }

    /// So many bytes of a file: for a caller whose it is, or whose signature for it was verified.
    pub async fn part(&self, media: &Media, from: u64, length: u64) -> Result<ByteStream, DiskMediaError> {
        Ok(self.shared.folder.open(media.id, from, length).await?)
    }

    /// Removes up to `limit` files whose messages have no content any more: the bytes first, so that none is left without
    /// its row. Answers of how many.
    pub async fn remove_deleted(&self, limit: u32) -> Result<usize, DiskMediaError> {
        let Shared { folder, store, .. } = &*self.shared;
        let ids = store.deleted_media(limit).await?;
        for id in &ids {
            match folder.remove(*id).await {
                Err(FolderError::Disk(error)) if error.kind() == std::io::ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
        if !ids.is_empty() {
            store.forget_media(&ids).await?;
        }
        Ok(ids.len())
    }

    /// Whose files a channel's are.
    async fn owner(&self, channel: ChannelId) -> Result<OrganisationId, DiskMediaError> {
        let channel = self.shared.store.channel(channel).await?;
        Ok(channel.ok_or(DiskMediaError::NotFound)?.organisation_id)
    }
}

#[async_trait]
impl MediaStore for DiskMedia {
    async fn open(&self, channel: ChannelId, id: MediaId) -> Result<MediaRead, MediaError> {
        let opened = async { self.open_for(self.owner(channel).await?, id).await };
        let (media, stream) = opened.await.map_err(|error| match error {
            DiskMediaError::NotFound => MediaError::NotFound(id),
            error => MediaError::Failed(error.to_string()),
        })?;
        let Media { mime_type, file_name, size, .. } = media;
        Ok(MediaRead { mime: Some(mime_type), file_name, length: size, stream })
    }

    async fn save(
        &self,
        channel: ChannelId,
        mime: Option<String>,
        file_name: Option<String>,
        stream: ByteStream,
    ) -> Result<MediaId, MediaError> {
        let saved = async {
            self.keep(self.owner(channel).await?, self.shared.saved, mime.as_deref(), file_name.as_deref(), stream)
                .await
        };
        let saved = saved.await.map_err(|error| match error {
            DiskMediaError::Folder(FolderError::TooLarge(_)) | DiskMediaError::Kind(_) | DiskMediaError::NotFound => {
                MediaError::Refused(error.to_string())
            }
            DiskMediaError::Store(ref failed) if !failed.is_retryable() => MediaError::Refused(error.to_string()),
            DiskMediaError::Folder(_) | DiskMediaError::Store(_) => MediaError::Failed(error.to_string()),
        });
        Ok(saved?.id)
    }
}

#[cfg(test)]
mod tests;
