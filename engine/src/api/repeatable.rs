//! Bodies that are read twice: once to recognise a request that is repeated, once
//! by its handler. What is short stays in memory; what is long waits in a file
//! that has no name, and is gone with the request.

use std::{io::SeekFrom, path::Path};

use actix_web::{
    dev::Payload,
    error::PayloadError,
    http::header::{CONTENT_LENGTH, HeaderMap},
};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, TryStreamExt};
use sha2::{Digest, Sha256};
use tokio::{
    fs::File,
    io::{AsyncSeekExt, AsyncWriteExt},
};
use tokio_util::io::ReaderStream;

use super::problem::Problem;
use crate::{config, service::ServiceError};

/// What is kept in memory.
const SHORT: usize = 1 << 20;
const READ_BYTES: usize = 64 << 10;
/// What surrounds a file in its form.
const FORM: usize = 64 << 10;

/// How long the body of a route may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Longest {
    Json,
    /// A file in a form.
    File,
    Bytes(usize),
}

impl Longest {
    fn of(self, config: &config::Server) -> usize {
        match self {
            Self::Json => config.json_body_bytes,
            Self::File => config.media_body_bytes.saturating_add(FORM),
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// Reads the whole body into the hash, and answers it to be read once more.
pub async fn read(
    headers: &HeaderMap,
    body: Payload,
    longest: Longest,
    config: &config::Config,
    hash: &mut Sha256,
) -> Result<Payload, Problem> {
    let limit = longest.of(&config.server);
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(ServiceError::TooLarge.into());
    }
    take(body, limit, &config.storage.data_dir, hash).await
}

async fn take(
    mut body: impl Stream<Item = Result<Bytes, PayloadError>> + Unpin,
    limit: usize,
    folder: &Path,
    hash: &mut Sha256,
) -> Result<Payload, Problem> {
    let (mut short, mut long, mut length) = (BytesMut::new(), None, 0_usize);
    while let Some(bytes) = body.next().await {
        let bytes = bytes.map_err(|error| Problem::malformed(format!("the body could not be read: {error}")))?;
        length = length.saturating_add(bytes.len());
        if length > limit {
            return Err(ServiceError::TooLarge.into());
        }
        hash.update(&bytes);
        if long.is_none() && length <= SHORT {
            short.extend_from_slice(&bytes);
            continue;
        }
        let file = match &mut long {
            Some(file) => file,
            none => none.insert(begin(folder, &std::mem::take(&mut short)).await.map_err(unkept)?),
        };
        file.write_all(&bytes).await.map_err(unkept)?;
    }
    match long {
        None => Ok(Payload::from(short.freeze())),
        Some(file) => again(file).await.map_err(unkept),
    }
}

async fn begin(folder: &Path, bytes: &[u8]) -> std::io::Result<File> {
    let folder = folder.to_owned();
    let made = tokio::task::spawn_blocking(move || tempfile::tempfile_in(folder));
    let mut file = File::from_std(made.await.map_err(std::io::Error::other)??);
    file.write_all(bytes).await?;
    Ok(file)
}

async fn again(mut file: File) -> std::io::Result<Payload> {
    file.flush().await?;
    file.seek(SeekFrom::Start(0)).await?;
    let stream = ReaderStream::with_capacity(file, READ_BYTES).map_err(PayloadError::Io);
    Ok(Payload::Stream { payload: Box::pin(stream) })
}

fn unkept(error: std::io::Error) -> Problem {
    ServiceError::Internal(format!("a body could not be kept to be read again: {error}")).into()
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    async fn kept(chunks: &[&[u8]], limit: usize) -> Result<(Vec<u8>, String), Problem> {
        let folder = tempfile::tempdir().unwrap();
        let chunks: Vec<_> = chunks.iter().map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        let mut hash = Sha256::new();
        let mut body = take(stream::iter(chunks), limit, folder.path(), &mut hash).await?;
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has a name");
        let mut read = Vec::new();
        while let Some(bytes) = body.next().await {
            read.extend(bytes.unwrap());
        }
        Ok((read, hex::encode(hash.finalize())))
    }

    #[tokio::test]
    async fn a_body_comes_back_as_it_was_however_long() {
        let long = vec![b'x'; SHORT - 1];
        let bodies: [&[&[u8]]; 5] = [&[], &[b"{", b"}"], &[&long, b"yz"], &[&long, b"y", b"z"], &[&long, &long, &long]];
        for chunks in bodies {
            let whole = chunks.concat();
            let (read, hash) = kept(chunks, 4 * SHORT).await.unwrap();
            assert!(read == whole, "{} of {} bytes", read.len(), whole.len());
            assert_eq!(hash, hex::encode(Sha256::digest(&whole)));
        }
    }

    #[tokio::test]
    async fn a_body_has_a_limit() {
        assert!(kept(&[b"12345"], 5).await.is_ok());
        assert!(kept(&[b"12345", b"6"], 5).await.is_err());
    }
}
