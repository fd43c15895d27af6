//! Files that the engine keeps, as [`Egress`](crate::Egress) reads and writes them.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use patchbay_domain::{ChannelId, MediaId};

pub type ByteStream = BoxStream<'static, std::io::Result<Bytes>>;

pub struct MediaRead {
    pub mime: Option<String>,
    pub file_name: Option<String>,
    /// Exactly how many bytes the stream has.
    pub length: u64,
    pub stream: ByteStream,
}

#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    #[error("the file {0} is not stored")]
    NotFound(MediaId),
    /// However often it is tried.
    #[error("the file cannot be stored: {0}")]
    Refused(String),
    #[error("the file store failed: {0}")]
    Failed(String),
}

/// The channel says whose file it is: a store never opens another organisation's file for it.
#[async_trait]
pub trait MediaStore: Send + Sync {
    async fn open(&self, channel: ChannelId, id: MediaId) -> Result<MediaRead, MediaError>;

    /// Keeps what the stream brings; when the stream fails, nothing is kept.
    async fn save(
        &self,
        channel: ChannelId,
        mime: Option<String>,
        file_name: Option<String>,
        stream: ByteStream,
    ) -> Result<MediaId, MediaError>;
}
