//! The body of a request. Stored files are streamed from the store, and opened anew for every hop.

use std::ops::Range;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::{
    HeaderMap,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use patchbay_domain::{
    ChannelId, MediaId,
    platform::{Body, Chunk, Part, PartContent, TransportError},
};
use reqwest::{RequestBuilder, multipart};

use super::credentials;
use crate::{ByteStream, MediaError, MediaRead, MediaStore, SecretMap};

/// Where the files of a body come from, and for whom; and the secrets that may stand in it.
pub struct Files<'a> {
    pub store: &'a dyn MediaStore,
    pub channel: ChannelId,
    pub secrets: &'a SecretMap,
}

impl Files<'_> {
    async fn open(&self, id: MediaId) -> Result<MediaRead, TransportError> {
        self.store.open(self.channel, id).await.map_err(|error| match error {
            MediaError::NotFound(_) | MediaError::Refused(_) => TransportError::Refused(error.to_string()),
            MediaError::Failed(_) => TransportError::NotSent(error.to_string()),
        })
    }

    /// As it stands between the quotes of a JSON text.
    fn secret(&self, name: &str) -> Result<Bytes, TransportError> {
        let value = credentials::value(self.secrets, name).map_err(TransportError::Refused)?;
        let quoted = serde_json::Value::from(value).to_string().into_bytes();
        let end = quoted.len().saturating_sub(1);
        Ok(Bytes::from(quoted).slice(1.min(end)..end))
    }
}

/// Whether a secret stands in it: such a body goes to no other place than the one that it was made for.
pub fn holds_secret(body: &Body) -> bool {
    matches!(body, Body::Chunks(chunks) if chunks.iter().any(|chunk| matches!(chunk, Chunk::Secret(_))))
}

/// Gives a request its headers and its body. A form's type is the engine's to say: it knows the boundary.
pub async fn attach(
    request: RequestBuilder,
    mut headers: HeaderMap,
    body: &Body,
    files: &Files<'_>,
) -> Result<RequestBuilder, TransportError> {
    if matches!(body, Body::Form(_) | Body::Multipart(_)) {
        headers.remove(CONTENT_TYPE);
    }
    let request = request.headers(headers);
    Ok(match body {
        Body::Empty => request,
        Body::Bytes(bytes) => request.body(bytes.clone()),
        Body::Form(fields) => {
            let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
        }
        Body::Multipart(parts) => {
            let mut form = multipart::Form::new();
            for Part { name, content, file_name, mime_type } in parts {
                let part = part(content, file_name.as_deref(), mime_type.as_deref(), files).await?;
                form = form.part(name.clone(), part);
            }
            request.multipart(form)
        }
        Body::Chunks(chunks) => {
            let (length, stream) = join(chunks, files).await?;
            request.header(CONTENT_LENGTH, length).body(reqwest::Body::wrap_stream(stream))
        }
    })
}

async fn part(
    content: &PartContent,
    file_name: Option<&str>,
    mime_type: Option<&str>,
    files: &Files<'_>,
) -> Result<multipart::Part, TransportError> {
    let (part, stored_name, stored_type) = match content {
        PartContent::Bytes(bytes) => (multipart::Part::bytes(bytes.clone()), None, None),
        PartContent::Media(id) => {
            let MediaRead { mime, file_name, length, stream } = files.open(*id).await?;
            let stream = reqwest::Body::wrap_stream(stream);
            (multipart::Part::stream_with_length(stream, length), file_name, mime)
        }
        PartContent::MediaSlice(id, bytes) => {
            let MediaRead { mime, file_name, length, stream } = files.open(*id).await?;
            if bytes.end > length {
                return Err(TransportError::Refused(format!("the file has {length} bytes, not {}", bytes.end)));
            }
            let stream = reqwest::Body::wrap_stream(slice(stream, bytes.clone()));
            (multipart::Part::stream_with_length(stream, bytes.end.saturating_sub(bytes.start)), file_name, mime)
        }
    };
    let part = match file_name.map(str::to_owned).or(stored_name) {
        Some(name) => part.file_name(name),
        None => part,
    };
    match mime_type.map(str::to_owned).or(stored_type) {
        Some(mime) => part
            .mime_str(&mime)
            .map_err(|_| TransportError::Refused(format!("{mime:?} is no media type for a part of the request"))),
        None => Ok(part),
    }
}

async fn join(chunks: &[Chunk], files: &Files<'_>) -> Result<(u64, ByteStream), TransportError> {
    let mut length: u64 = 0;
    let mut streams = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        let (size, stream) = match chunk {
            Chunk::Bytes(bytes) => {
                let bytes = Bytes::copy_from_slice(bytes);
                (bytes.len() as u64, stream::once(async { Ok(bytes) }).boxed())
            }
            Chunk::Secret(name) => {
                let bytes = files.secret(name)?;
                (bytes.len() as u64, stream::once(async { Ok(bytes) }).boxed())
            }
            Chunk::Media(id) => {
                let file = files.open(*id).await?;
                (file.length, file.stream)
            }
            Chunk::MediaBase64(id) => {
                let file = files.open(*id).await?;
                (file.length.div_ceil(3).saturating_mul(4), base64(file.stream))
            }
        };
        length = length.saturating_add(size);
        streams.push(stream);
    }
    Ok((length, stream::iter(streams).flatten().boxed()))
}

/// Some bytes of a stream. What lies before them is read as well.
fn slice(stream: ByteStream, bytes: Range<u64>) -> ByteStream {
    let (mut at, Range { start, end }) = (0_u64, bytes);
    let pieces = stream.map_ok(move |piece| {
        let length = piece.len() as u64;
        let within = |place: u64| usize::try_from(place.clamp(at, at + length) - at).unwrap_or(piece.len());
        let wanted = piece.slice(within(start)..within(end));
        at += length;
        (wanted, at >= end)
    });
    // Ends with the piece that reaches the last of them.
    let wanted = pieces.scan(false, |is_done, piece| {
        let next = (!*is_done).then_some(piece);
        *is_done = matches!(next, Some(Ok((_, true))));
        std::future::ready(next)
    });
    wanted.map_ok(|(piece, _)| piece).try_filter(|piece| std::future::ready(!piece.is_empty())).boxed()
}

/// Encodes a stream as one Base64 text: what is left over of a piece goes before the next.
fn base64(stream: ByteStream) -> ByteStream {
    let pieces = stream.map_ok(Some).chain(stream::once(async { Ok(None) }));
    let encoded = pieces.scan(Vec::new(), |left: &mut Vec<u8>, piece| {
        let encoded = piece.map(|piece| {
            let is_last = piece.is_none();
            left.extend_from_slice(&piece.unwrap_or_default());
            let whole = if is_last { left.len() } else { left.len() - left.len() % 3 };
            let ready: Vec<u8> = left.drain(..whole).collect();
            Bytes::from(BASE64_STANDARD.encode(ready))
        });
        std::future::ready(Some(encoded))
    });
    encoded.boxed()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn base64_of_pieces_is_base64_of_the_whole(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..6)) {
            let whole = pieces.concat();
            let stream = stream::iter(pieces.into_iter().map(|piece| Ok(Bytes::from(piece)))).boxed();
            let encoded = base64(stream).try_collect::<Vec<_>>().now_or_never().unwrap().unwrap().concat();
            prop_assert_eq!(&encoded, &BASE64_STANDARD.encode(&whole).into_bytes());
            prop_assert_eq!(encoded.len(), whole.len().div_ceil(3) * 4);
        }

        #[test]
        fn a_slice_of_pieces_is_one_of_the_whole(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..6), from in 0_usize..30, length in 0_usize..30) {
            let whole = pieces.concat();
            let range = from.min(whole.len())..(from + length).min(whole.len());
            let stream = stream::iter(pieces.into_iter().map(|piece| Ok(Bytes::from(piece)))).boxed();
            let cut = slice(stream, range.start as u64..range.end as u64);
            let cut = cut.try_collect::<Vec<_>>().now_or_never().unwrap().unwrap().concat();
            prop_assert_eq!(&cut, &whole[range]);
        }
    }
}
