//! `Idempotency-Key`: a write that is repeated with the same key and body gets
//! the first answer, marked `Idempotency-Replayed: true`.
//!
//! The answer is kept even when the caller does not wait for it, and a write
//! counts as under way for as long as it takes. When the process dies between the write and its answer, the repeated request runs
//! again, under the same [`WriteId`], by which a service recognises what it
//! has written before.

use std::{
    future::{Future, Ready, ready},
    pin::pin,
    time::Duration,
};

use actix_web::{
    Error, FromRequest, HttpMessage, HttpRequest, HttpResponse,
    body::{self, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{ContentType, HeaderName, HeaderValue},
    },
    middleware::Next,
    rt, web,
};
use chrono::{DateTime, Utc};
use patchbay_store::idempotency::{Begun, IdempotencyKey};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, interval_at};
use uuid::Builder;

use super::{
    guard::principal,
    problem::{Problem, Shape},
    repeatable::{self, Longest},
};
use crate::{
    app::App,
    service::{ServiceError, WriteId},
};

const KEY: &str = "idempotency-key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const LONGEST_KEY: usize = 255;
/// How often a write that takes long says that it is still under way.
const UNDER_WAY: Duration = Duration::from_secs(5);

/// Lets a write happen once per key.
pub async fn idempotent(
    app: web::Data<App>,
    longest: Longest,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let once = match Once::begin(&app, longest, &mut request).await {
        Ok(Some(once)) => once,
        Ok(None) => return Ok(next.call(request).await?.map_into_boxed_body()),
        Err(problem) => return Ok(Shape::refuse(request, problem)),
    };
    match once {
        Once::Again { status, answer } => {
            let answer = HttpResponse::build(status)
                .insert_header((REPLAYED, HeaderValue::from_static("true")))
                .content_type(ContentType::json())
                .body(answer);
            Ok(request.into_response(answer))
        }
        Once::First { key, id } => {
            request.extensions_mut().insert(id);
            // A task of its own: it goes on when the caller hangs up, who will want the answer next time.
            let write = next.call(request);
            rt::spawn(
                async move { keep(&app, &key, seen_through(&app, &key, write).await?.map_into_boxed_body()).await },
            )
            .await
            .map_err(actix_web::error::ErrorInternalServerError)?
        }
    }
}

enum Once {
    First { key: IdempotencyKey, id: WriteId },
    Again { status: StatusCode, answer: String },
}

impl Once {
    /// None: not a write, or one without a key.
    async fn begin(app: &App, longest: Longest, request: &mut ServiceRequest) -> Result<Option<Self>, Problem> {
        let writes = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE].contains(request.method());
        let Some(value) = request.headers().get(KEY).filter(|_| writes) else { return Ok(None) };
        let text = value.to_str().ok().filter(|key| (1..=LONGEST_KEY).contains(&key.len()));
        let text = text.ok_or_else(|| {
            ServiceError::invalid("Idempotency-Key", format!("must be 1 to {LONGEST_KEY} letters, digits or signs"))
        })?;
        let principal = principal(request.request())?;
        let (organisation_id, user_id) = (principal.organisation_id, principal.user_id);
        let key = IdempotencyKey { organisation_id, user_id, key: text.to_owned() };
        let (body, mut fingerprint) = (request.take_payload(), fingerprint(request));
        let body = repeatable::read(request.headers(), body, longest, &app.config, &mut fingerprint).await?;
        request.set_payload(body);
        let begun = app.store.begin_request(&key, &hex::encode(fingerprint.finalize()), (app.clock)()).await;
        match begun.map_err(ServiceError::from)? {
            Begun::Fresh { since } => Ok(Some(Self::First { id: write_id(&key, since), key })),
            Begun::Replay { status, answer } => {
                let answer = app.keyring.open_answer(&asked(&key), &answer).map_err(ServiceError::from)?;
                Ok(Some(Self::Again { status: StatusCode::from_u16(status).unwrap_or(StatusCode::OK), answer }))
            }
            Begun::InFlight => {
                let message = "the first request with this Idempotency-Key has not been answered yet; ask again";
                Err(ServiceError::conflict("IDEMPOTENCY_IN_FLIGHT", message).into())
            }
            Begun::Mismatch => {
                let message = "this Idempotency-Key was used for another request".to_owned();
                Err(ServiceError::Refused { code: "IDEMPOTENCY_MISMATCH", message }.into())
            }
        }
    }
}

/// The write's answer, whenever it comes; until then nobody takes it for dead.
async fn seen_through<T>(app: &App, key: &IdempotencyKey, write: impl Future<Output = T>) -> T {
    let mut write = pin!(write);
    let mut tick = interval_at(Instant::now() + UNDER_WAY, UNDER_WAY);
    loop {
        tokio::select! {
            answer = &mut write => return answer,
            _ = tick.tick() => {
                if let Err(error) = app.store.request_goes_on(key, (app.clock)()).await {
                    tracing::warn!(%error, "a write that takes long could not say so");
                }
            }
        }
    }
}

/// Keeps the answer, or frees the key where the write may still succeed.
async fn keep(app: &App, key: &IdempotencyKey, response: ServiceResponse) -> Result<ServiceResponse, Error> {
    let (request, response) = response.into_parts();
    let (head, answer) = response.into_parts();
    let answer = body::to_bytes(answer).await.map_err(actix_web::error::ErrorInternalServerError)?;
    let sealed = match std::str::from_utf8(&answer) {
        Ok(text) if is_final(head.status()) => {
            Some(app.keyring.seal_answer(&asked(key), text).map_err(actix_web::error::ErrorInternalServerError)?)
        }
        _ => None,
    };
    let kept = match sealed {
        Some(sealed) => app.store.finish_request(key, head.status().as_u16(), &sealed).await,
        None => app.store.release_request(key).await,
    };
    if let Err(error) = kept {
        // The write stands. A repeated request runs again and finds it.
        tracing::warn!(%error, "the answer to a write could not be kept for its repetition");
    }
    Ok(ServiceResponse::new(request, head.set_body(answer).map_into_boxed_body()))
}

/// For whom an answer is sealed.
fn asked(IdempotencyKey { organisation_id, user_id, key }: &IdempotencyKey) -> String {
    format!("{organisation_id}\n{user_id}\n{key}")
}

/// What failed on our side, or came too early, is to come again under the same key.
fn is_final(status: StatusCode) -> bool {
    !status.is_server_error() && status != StatusCode::TOO_MANY_REQUESTS
}

/// What makes two requests the same, but for the body that follows.
fn fingerprint(request: &ServiceRequest) -> Sha256 {
    let mut hash = Sha256::new();
    for part in [request.method().as_str().as_bytes(), request.uri().to_string().as_bytes()] {
        hash.update(part);
        hash.update(b"\n");
    }
    hash
}

/// Sorts by the time of the first request, and cannot be guessed by those who do not know the key.
fn write_id(key: &IdempotencyKey, since: DateTime<Utc>) -> WriteId {
    let IdempotencyKey { organisation_id, user_id, key } = key;
    let hash = Sha256::digest(format!("{organisation_id}\n{user_id}\n{}\n{key}", since.timestamp_micros()));
    let mut random = [0; 10];
    random.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    let milliseconds = u64::try_from(since.timestamp_millis()).unwrap_or(0);
    let id = Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid();
    WriteId { id, repeated: true }
}

impl FromRequest for WriteId {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let kept = request.extensions().get().copied();
        let now = request.app_data::<web::Data<App>>().map_or_else(Utc::now, |app| (app.clock)());
        ready(Ok(kept.unwrap_or_else(|| Self { id: patchbay_domain::uuid_at(now), repeated: false })))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use patchbay_domain::{OrganisationId, UserId};
    use uuid::Uuid;

    use super::*;

    fn key(text: &str) -> IdempotencyKey {
        let zero = Uuid::nil();
        IdempotencyKey { organisation_id: OrganisationId::from(zero), user_id: UserId::from(zero), key: text.into() }
    }

    #[test]
    fn a_repeated_request_writes_under_the_same_id_and_another_does_not() {
        let (now, later) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + chrono::Duration::days(2));
        assert_eq!(write_id(&key("a"), now), write_id(&key("a"), now));
        assert_ne!(write_id(&key("a"), now), write_id(&key("b"), now));
        assert_ne!(write_id(&key("a"), now), write_id(&key("a"), later));
        assert!(write_id(&key("a"), now).id < write_id(&key("b"), later).id);
    }

    #[test]
    fn method_address_and_body_make_a_request() {
        let of = |request: TestRequest, body: &[u8]| {
            hex::encode(fingerprint(&request.to_srv_request()).chain_update(body).finalize())
        };
        let first = of(TestRequest::post().uri("/orgs/1"), b"{}");
        assert_eq!(first, of(TestRequest::post().uri("/orgs/1"), b"{}"));
        assert_ne!(first, of(TestRequest::put().uri("/orgs/1"), b"{}"));
        assert_ne!(first, of(TestRequest::post().uri("/orgs/2"), b"{}"));
        assert_ne!(first, of(TestRequest::post().uri("/orgs/1"), b"{ }"));
    }
}
