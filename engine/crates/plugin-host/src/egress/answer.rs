//! The platform's answer, up to what may be kept of it.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt};
use http::{
    HeaderMap,
    header::{CONTENT_DISPOSITION, CONTENT_TYPE},
};
use patchbay_domain::{
    ChannelId,
    platform::{Header, Response, TransportError},
};

use super::{Limits, transfer::reason};
use crate::{ByteStream, MediaStore};

/// Reads an answer into memory.
pub async fn read(mut answer: reqwest::Response, limits: &Limits) -> Result<Response, TransportError> {
    let (status, headers) = (answer.status().as_u16(), headers(answer.headers()));
    let limit = limits.response_bytes;
    let mut body = BytesMut::new();
    while let Some(piece) = answer.chunk().await.map_err(|error| lost(&error))? {
        if body.len() + piece.len() > limit {
            return Err(too_large(limit));
        }
        body.extend_from_slice(&piece);
    }
    Ok(Response { status, headers, body: body.into(), saved: None })
}

/// Keeps the body of an answer as a file.
pub async fn save(
    answer: reqwest::Response,
    limits: &Limits,
    media: &dyn MediaStore,
    channel: ChannelId,
) -> Result<Response, TransportError> {
    let (status, headers) = (answer.status().as_u16(), headers(answer.headers()));
    let text = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let mime = text(CONTENT_TYPE).map(str::to_owned);
    let file_name = text(CONTENT_DISPOSITION).and_then(file_name);
    let limit = limits.saved_bytes;
    let is_too_large = Arc::new(AtomicBool::new(false));
    let stream = capped(answer.bytes_stream().map_err(|error| io::Error::other(reason(&error))), limit, &is_too_large);
    match media.save(channel, mime, file_name, stream).await {
        Ok(id) => Ok(Response { status, headers, body: Vec::new(), saved: Some(id) }),
        Err(_) if is_too_large.load(Ordering::SeqCst) => Err(too_large(limit)),
        Err(error) => Err(TransportError::Unknown(error.to_string())),
    }
}

fn capped(
    stream: impl futures_util::Stream<Item = io::Result<Bytes>> + Send + 'static,
    limit: usize,
    is_too_large: &Arc<AtomicBool>,
) -> ByteStream {
    let is_too_large = Arc::clone(is_too_large);
    let mut left = limit;
    let counted = stream.map(move |piece| {
        let piece = piece?;
        if let Some(rest) = left.checked_sub(piece.len()) {
            left = rest;
            return Ok(piece);
        }
        left = 0;
        is_too_large.store(true, Ordering::SeqCst);
        Err(io::Error::other("the file is too large"))
    });
    counted.boxed()
}

/// Headers whose values are text; a platform's others mean nothing to a connector.
fn headers(headers: &HeaderMap) -> Vec<Header> {
    let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        value.to_str().ok().map(|value| Header { name: name.to_string(), value: value.to_owned() })
    };
    headers.iter().filter_map(text).collect()
}

fn file_name(disposition: &str) -> Option<String> {
    let value = disposition.split(';').find_map(|part| part.trim().strip_prefix("filename="))?;
    let name = value.trim_matches('"').rsplit(['/', '\\']).next()?;
    Some(name.to_owned()).filter(|name| !name.is_empty())
}

fn lost(error: &reqwest::Error) -> TransportError {
    TransportError::Unknown(format!("the answer was lost: {}", reason(error)))
}

fn too_large(limit: usize) -> TransportError {
    TransportError::Unknown(format!("the answer is larger than {limit} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_has_no_folders() {
        assert_eq!(file_name(r#"attachment; filename="a b.pdf""#).as_deref(), Some("a b.pdf"));
        assert_eq!(file_name("attachment; filename=../../etc/passwd").as_deref(), Some("passwd"));
        assert_eq!(file_name(r#"attachment; filename="C:\x\y.txt"; size=3"#).as_deref(), Some("y.txt"));
        assert_eq!(file_name("inline"), None);
        assert_eq!(file_name(r#"attachment; filename="""#), None);
    }
}
