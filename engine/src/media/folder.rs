//! The bytes of media on disk: `<two letters>/<id>`, and `incoming` for what is
//! being written. A file gets its name once every byte of it is on the disk.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use futures_util::StreamExt;
use patchbay_domain::MediaId;
use patchbay_plugin_host::ByteStream;
use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempPath};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, SeekFrom},
};
use tokio_util::io::ReaderStream;

/// Enough of a file to tell what it is.
const HEAD_BYTES: usize = 4 * 1024;
const READ_BYTES: usize = 64 * 1024;
/// What is not finished after this long was cut off by a crash.
const ABANDONED: Duration = Duration::from_hours(24);

#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
    #[error("the file broke off while it came in: {0}")]
    Source(io::Error),
    #[error("the media folder cannot be used: {0}")]
    Disk(#[from] io::Error),
}

pub(super) struct Folder {
    path: PathBuf,
}

/// A file without a name yet; dropped, it is gone.
pub(super) struct Incoming {
    file: TempPath,
    pub size: u64,
    /// Hexadecimal.
    pub sha256: String,
    /// How it begins.
    pub head: Vec<u8>,
}

impl Folder {
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    fn incoming(&self) -> PathBuf {
        self.path.join("incoming")
    }

    /// The end of an id is random, so folders fill evenly; its beginning is the time.
    fn place(&self, id: MediaId) -> PathBuf {
        let name = id.uuid().simple().to_string();
        let letters: String = name.chars().skip(name.len() - 2).collect();
        self.path.join(letters).join(id.to_string())
    }

    /// Writes to the disk what comes in, up to `limit` bytes.
    pub async fn receive(&self, mut content: ByteStream, limit: u64) -> Result<Incoming, FolderError> {
        let folder = self.incoming();
        let made = blocking(move || {
            fs::create_dir_all(&folder)?;
            NamedTempFile::new_in(&folder)
        });
        let (file, path) = made.await?.into_parts();
        let mut file = File::from_std(file);
        let (mut hash, mut head, mut size) = (Sha256::new(), Vec::new(), 0_u64);
        while let Some(chunk) = content.next().await {
            let chunk = chunk.map_err(FolderError::Source)?;
            size = size.saturating_add(chunk.len() as u64);
            if size > limit {
                return Err(FolderError::TooLarge(limit));
            }
            hash.update(&chunk);
            head.extend(chunk.iter().take(HEAD_BYTES.saturating_sub(head.len())));
            file.write_all(&chunk).await?;
        }
        file.flush().await?;
        file.sync_all().await?;
        Ok(Incoming { file: path, size, sha256: hex::encode(hash.finalize()), head })
    }

    /// Gives the file its name, for good.
    pub async fn keep(&self, id: MediaId, file: Incoming) -> Result<(), FolderError> {
        let (root, place) = (self.path.clone(), self.place(id));
        let named = blocking(move || {
            let drawer = place.parent().unwrap_or(&root);
            fs::create_dir_all(drawer)?;
            file.file.persist_noclobber(&place).map_err(|refused| refused.error)?;
            sync(drawer)?;
            sync(&root)
        });
        Ok(named.await?)
    }

    pub async fn remove(&self, id: MediaId) -> Result<(), FolderError> {
        Ok(tokio::fs::remove_file(self.place(id)).await?)
    }

    /// So many bytes of a file.
    pub async fn open(&self, id: MediaId, from: u64, length: u64) -> Result<ByteStream, FolderError> {
        let mut file = File::open(self.place(id)).await?;
        if from > 0 {
            file.seek(SeekFrom::Start(from)).await?;
        }
        Ok(ReaderStream::with_capacity(file.take(length), READ_BYTES).boxed())
    }

    /// Removes what a crash left unfinished.
    pub fn sweep(&self, now: SystemTime) -> io::Result<()> {
        let entries = match fs::read_dir(self.incoming()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let age = now.duration_since(entry.metadata()?.modified()?).unwrap_or_default();
            if age > ABANDONED {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

/// A new name is on the disk once its folder is.
fn sync(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::{TryStreamExt, stream};

    use super::*;

    fn chunks(chunks: &[&'static [u8]]) -> ByteStream {
        stream::iter(chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk))).collect::<Vec<_>>()).boxed()
    }

    fn files(path: &Path) -> usize {
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
        entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
    }

    #[tokio::test]
    async fn a_kept_file_reads_back_and_a_dropped_one_is_gone() {
        let disk = tempfile::TempDir::new().unwrap();
        let folder = Folder::new(disk.path().join("media"));
        let id = MediaId::at(chrono::DateTime::UNIX_EPOCH);
        drop(folder.receive(chunks(&[b"gone"]), 100).await.unwrap());
        assert_eq!(files(disk.path()), 0);

        let file = folder.receive(chunks(&[b"ab", b"", b"c"]), 3).await.unwrap();
        assert_eq!((file.size, file.head.as_slice()), (3, &b"abc"[..]));
        assert_eq!(file.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        folder.keep(id, file).await.unwrap();
        for (from, length, expected) in [(0, 3, &b"abc"[..]), (1, 1, b"b"), (2, 9, b"c"), (3, 1, b"")] {
            let read: Vec<Bytes> = folder.open(id, from, length).await.unwrap().try_collect().await.unwrap();
            assert_eq!(read.concat(), expected);
        }

        folder.remove(id).await.unwrap();
        assert_eq!(files(disk.path()), 0);
        assert!(
            matches!(folder.open(id, 0, 3).await, Err(FolderError::Disk(error)) if error.kind() == io::ErrorKind::NotFound)
        );
    }

    #[tokio::test]
    async fn what_is_too_large_or_breaks_off_leaves_nothing() {
        let disk = tempfile::TempDir::new().unwrap();
        let folder = Folder::new(disk.path().to_owned());
        assert!(matches!(folder.receive(chunks(&[b"ab", b"cd"]), 3).await, Err(FolderError::TooLarge(3))));
        let broken = stream::iter([Ok(Bytes::from_static(b"ab")), Err(io::Error::other("cut"))]).boxed();
        assert!(matches!(folder.receive(broken, 100).await, Err(FolderError::Source(_))));
        assert_eq!(files(disk.path()), 0);
    }

    #[tokio::test]
    async fn what_a_crash_left_is_swept_after_a_day() {
        let disk = tempfile::TempDir::new().unwrap();
        let folder = Folder::new(disk.path().to_owned());
        folder.sweep(SystemTime::now()).unwrap();
        let file = folder.receive(chunks(&[b"half"]), 100).await.unwrap();
        file.file.keep().unwrap();
        folder.sweep(SystemTime::now()).unwrap();
        assert_eq!(files(disk.path()), 1);
        folder.sweep(SystemTime::now() + Duration::from_hours(25)).unwrap();
        assert_eq!(files(disk.path()), 0);
    }
}
