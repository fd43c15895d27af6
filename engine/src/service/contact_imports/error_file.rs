//! The errors of a list that has more than an answer names: all of them in a file, written while the list is read.

use bytes::Bytes;
use futures_util::StreamExt;
use patchbay_domain::{MediaId, OrganisationId};
use patchbay_store::media::Media;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::NotImported;
use crate::media::{DiskMedia, DiskMediaError};

/// What is beyond is only counted.
const LARGEST: usize = 256 << 20;
/// Bytes written at once, and how many of these wait.
const BLOCK: usize = 64 << 10;
const BLOCKS: usize = 2;

const NAME: &str = "contacts-errors.csv";

/// How the file is written down.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    pub header: fn() -> Vec<u8>,
    pub line: fn(&NotImported) -> Vec<u8>,
}

/// What is left unfinished is gone.
pub struct ErrorFile {
    form: Form,
    block: Vec<u8>,
    length: usize,
    blocks: mpsc::Sender<std::io::Result<Bytes>>,
    kept: AbortOnDropHandle<Result<Media, DiskMediaError>>,
}

impl ErrorFile {
    pub fn begin(media: &DiskMedia, organisation: OrganisationId, form: Form) -> Self {
        let (blocks, mut queue) = mpsc::channel(BLOCKS);
        let content = futures_util::stream::poll_fn(move |context| queue.poll_recv(context)).boxed();
        let media = media.clone();
        let keep = async move { media.keep(organisation, LARGEST as u64, Some("text/csv"), Some(NAME), content).await };
        let kept = AbortOnDropHandle::new(tokio::spawn(keep));
        Self { form, block: (form.header)(), length: 0, blocks, kept }
    }

    pub async fn add(&mut self, refused: &NotImported) {
        let line = (self.form.line)(refused);
        if self.length + self.block.len() + line.len() > LARGEST {
            return;
        }
        self.block.extend(line);
        if self.block.len() >= BLOCK {
            self.write().await;
        }
    }

    async fn write(&mut self) {
        let block = std::mem::take(&mut self.block);
        self.length += block.len();
        if self.blocks.send(Ok(block.into())).await.is_err() {
            tracing::debug!("the errors of an import are not written any more; why is told at its end");
        }
    }

    /// None where it could not be kept: what was imported is.
    pub async fn finish(mut self) -> Option<MediaId> {
        self.write().await;
        let Self { blocks, kept, .. } = self;
        drop(blocks);
        match kept.await {
            Ok(Ok(media)) => Some(media.id),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the errors of an import could not be kept");
                None
            }
            Err(error) => {
                tracing::error!(%error, "the errors of an import were not written to their end");
                None
            }
        }
    }
}
