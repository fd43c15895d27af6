//! Files over HTTP: `/api/media` takes them, `/media/{id}` shows them to whoever has a signed address.
//!
//! A file is somebody else's content on our own address. So a browser is told its type and never guesses, only types
//! that it draws or plays are shown in place, and nothing in a file may run or load anything.

use std::{convert::Infallible, future::pending};

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::{
    HttpRequest, HttpResponse,
    body::SizedStream,
    http::{
        StatusCode,
        header::{
            ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, Charset,
            ContentDisposition, ContentRange, ContentRangeSpec, DispositionParam, DispositionType, ExtendedValue,
            HeaderName, HeaderValue, TryIntoHeaderValue,
        },
    },
    web,
};
use bytes::Bytes;
use chrono::DateTime;
use futures_util::{StreamExt, TryStreamExt};
use patchbay_domain::{
    MediaId,
    platform::{Attachment, MediaKind, MediaSource},
};
use patchbay_store::media::Media;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::{
    endpoint::{Endpoint, get, post},
    helpdesk::{self, Error},
    problem::{Problem, Shape},
    range::Wanted,
    repeatable::Longest,
};
use crate::{
    app::App,
    auth::Principal,
    service::{ServiceError, media},
};

pub const SHAPE: Shape = helpdesk::SHAPE;

const CROSS_ORIGIN_RESOURCE_POLICY: &str = "cross-origin-resource-policy";
/// Chunks of an upload that were read and not yet written.
const CHUNKS: usize = 4;
const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

pub fn uploads() -> Vec<Endpoint> {
    vec![post("", upload).takes_up_to(Longest::File)]
}

pub fn files() -> Vec<Endpoint> {
    vec![get("/{id}", show).machine()]
}

/// A file of a message, as it is shown with it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "File")]
pub struct Shown {
    /// Absent while the file is only at the platform.
    id: Option<MediaId>,
    kind: MediaKind,
    url: Option<String>,
    mime_type: Option<String>,
    file_name: Option<String>,
    size: Option<u64>,
    caption: Option<String>,
}

impl Shown {
    pub fn of(app: &App, attachment: Attachment) -> Self {
        let Attachment { kind, source, mime_type, file_name, size, caption, public_url: _ } = attachment;
        let id = if let MediaSource::Stored(id) = source { Some(id) } else { None };
        Self { id, kind, url: id.map(|id| media::address(app, id)), mime_type, file_name, size, caption }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Uploaded {
    id: MediaId,
    url: String,
    mime_type: String,
    file_name: Option<String>,
    size: u64,
}

async fn upload(app: web::Data<App>, principal: Principal, form: Multipart) -> Result<HttpResponse, Error> {
    let Media { id, mime_type, file_name, size, .. } = take_file(&app, &principal, None, form).await?;
    let url = media::address(&app, id);
    Ok(HttpResponse::Created().json(Uploaded { id, url, mime_type, file_name, size }))
}

/// Keeps the file of a form; where there are `kinds`, only one of these types.
pub async fn take_file(
    app: &App,
    principal: &Principal,
    kinds: Option<&'static [&'static str]>,
    mut form: Multipart,
) -> Result<Media, Problem> {
    while let Some(field) = form.try_next().await.map_err(|error| unreadable(&error))? {
        if field.name() == Some("file") {
            return receive(app, principal, kinds, field).await;
        }
    }
    Err(ServiceError::invalid("file", "is required: send a form (multipart/form-data) with the file in it").into())
}

/// The form belongs to its thread, what keeps the file does not: chunks pass through a short queue.
async fn receive(
    app: &App,
    principal: &Principal,
    kinds: Option<&'static [&'static str]>,
    mut field: Field,
) -> Result<Media, Problem> {
    let mime_type = field.content_type().map(ToString::to_string);
    let named = field.content_disposition().and_then(ContentDisposition::get_filename).map(str::to_owned);
    let (chunks, mut queue) = mpsc::channel::<std::io::Result<Bytes>>(CHUNKS);
    let content = futures_util::stream::poll_fn(move |context| queue.poll_recv(context)).boxed();
    let pump = async {
        while let Some(chunk) = field.next().await {
            // Whoever keeps the file may have given up on it, and says why.
            if chunks.send(chunk.map_err(|error| std::io::Error::other(error.to_string()))).await.is_err() {
                break;
            }
        }
        drop(chunks);
        pending::<Infallible>().await
    };
    let keep = media::upload(app, principal, kinds, mime_type.as_deref(), named.as_deref(), content);
    tokio::select! {
        biased;
        kept = keep => Ok(kept?),
        never = pump => match never {},
    }
}

/// A form that is none.
pub fn unreadable(error: &MultipartError) -> Problem {
    Problem::malformed(format!("the form cannot be read: {error}"))
}

#[derive(Deserialize)]
struct Signed {
    expires: i64,
    signature: String,
}

async fn show(
    app: web::Data<App>,
    path: web::Path<MediaId>,
    query: web::Query<Signed>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let Signed { expires, signature } = query.into_inner();
    let expires_at = DateTime::from_timestamp(expires, 0)
        .ok_or_else(|| Problem::malformed("expires: must be seconds since 1970"))?;
    let media = media::find(&app, path.into_inner(), expires_at, &signature).await?;
    let size = media.size;
    let (mut answer, from, length) = match Wanted::of(request.headers(), size) {
        Wanted::Whole => (HttpResponse::Ok(), 0, size),
        Wanted::Part { from, length } => {
            let mut answer = HttpResponse::PartialContent();
            answer.insert_header(ContentRange(ContentRangeSpec::Bytes {
                range: Some((from, from + length - 1)),
                instance_length: Some(size),
            }));
            (answer, from, length)
        }
        Wanted::Beyond => return Ok(beyond(size)),
    };
    let content = media::part(&app, &media, from, length).await?;
    let seconds = (expires_at - (app.clock)()).num_seconds().max(0);
    Ok(answer
        .insert_header((ACCEPT_RANGES, "bytes"))
        .insert_header((CONTENT_TYPE, content_type(&media.mime_type)))
        .insert_header(disposition(&media))
        .insert_header((CACHE_CONTROL, format!("private, immutable, max-age={seconds}")))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox; frame-ancestors 'none'"))
        // Front ends of other origins draw it.
        .insert_header((
            HeaderName::from_static(CROSS_ORIGIN_RESOURCE_POLICY),
            HeaderValue::from_static("cross-origin"),
        ))
        .body(SizedStream::new(length, content)))
}

/// Where nothing is of what is asked for.
fn beyond(size: u64) -> HttpResponse {
    let problem = Problem {
        status: StatusCode::RANGE_NOT_SATISFIABLE,
        code: "RANGE_NOT_SATISFIABLE",
        ..Problem::malformed(format!("the file has {size} bytes"))
    };
    let mut answer = SHAPE.answer(&problem);
    let none = ContentRangeSpec::Bytes { range: None, instance_length: Some(size) };
    if let Ok(range) = none.try_into_value() {
        answer.headers_mut().insert(CONTENT_RANGE, range);
    }
    answer
}

/// Whether a browser draws or plays it, and runs nothing in it.
fn is_shown_in_place(mime_type: &str) -> bool {
    let essence = mime_type.split(';').next().unwrap_or_default().trim();
    PICTURES.contains(&essence) || essence.starts_with("video/") || essence.starts_with("audio/")
}

/// What a browser might run is only bytes to it.
fn content_type(mime_type: &str) -> &str {
    if is_shown_in_place(mime_type) || mime_type == "application/pdf" { mime_type } else { "application/octet-stream" }
}

fn disposition(media: &Media) -> ContentDisposition {
    let shown = is_shown_in_place(&media.mime_type);
    let name = media.file_name.as_ref().map(|name| {
        DispositionParam::FilenameExt(ExtendedValue {
            charset: Charset::Ext("UTF-8".to_owned()),
            language_tag: None,
            value: name.clone().into_bytes(),
        })
    });
    ContentDisposition {
        disposition: if shown { DispositionType::Inline } else { DispositionType::Attachment },
        parameters: name.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_browser_would_run_is_shown_in_place() {
        for (mime_type, told, shown) in [
            ("image/png", "image/png", true),
            ("audio/ogg; codecs=opus", "audio/ogg; codecs=opus", true),
            ("application/pdf", "application/pdf", false),
            ("text/html", "application/octet-stream", false),
            ("image/svg+xml", "application/octet-stream", false),
            ("application/xhtml+xml", "application/octet-stream", false),
            ("text/plain", "application/octet-stream", false),
        ] {
            assert_eq!((content_type(mime_type), is_shown_in_place(mime_type)), (told, shown), "{mime_type}");
        }
    }
}
