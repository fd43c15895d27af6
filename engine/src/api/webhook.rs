//! A platform's call, taken as it came and handed to the ingress, and the
//! connector's answer handed back. Every webhook address of every dialect is
//! served by [`receive`].

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode, header::CONTENT_LENGTH},
    web::Payload,
};
use bytes::Bytes;
use futures_util::StreamExt;
use patchbay_domain::platform::{Header, Reply, Webhook};
use tokio::time::timeout;

use super::problem::Problem;
use crate::{
    app::App,
    ingress::{IngressError, Target},
    service::ServiceError,
};

/// Headers a connector may set on its answer. The rest are ours.
const ANSWERED: [&str; 1] = ["content-type"];
/// A body that takes longer leaves its room to others: platforms have given it up by then.
const PATIENCE: Duration = Duration::from_mins(1);

pub async fn receive(
    app: &App,
    target: Target,
    request: &HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    if let Target::Channel(id) = &target {
        // Whoever names no channel is not listened to.
        app.channels.get(*id).await.map_err(|error| problem(&error.into(), request.method()))?;
    }
    let (body, _room) = read_in_room(request, payload, app.config.server.webhook_body_bytes).await?;
    let reply = deliver(app, target, request, body).await;
    reply.map(answer).map_err(|error| problem(&error, request.method()))
}

/// The same for a body that was read already.
pub async fn deliver(app: &App, target: Target, request: &HttpRequest, body: Vec<u8>) -> Result<Reply, IngressError> {
    let webhook = Webhook {
        method: request.method().to_string(),
        url: address(&app.config.server.public_url, request),
        headers: headers(request),
        body,
        received_at: (app.clock)(),
    };
    app.ingress.receive(target, webhook).await
}

/// The whole body and the room that it takes until it is dealt with. A platform that finds no room comes again.
pub async fn read_in_room(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
) -> Result<(Vec<u8>, Room<'static>), Problem> {
    if announced(request).is_some_and(|length| length > limit) {
        return Err(ServiceError::TooLarge.into());
    }
    read_within(PATIENCE, payload, limit).await
}

async fn read_within(patience: Duration, payload: Payload, limit: usize) -> Result<(Vec<u8>, Room<'static>), Problem> {
    if let Ok(read) = timeout(patience, read_pieces(payload, limit)).await {
        return read;
    }
    metrics::counter!("patchbay_webhooks_too_slow_total").increment(1);
    Err(ServiceError::unavailable().into())
}

async fn read_pieces(mut payload: Payload, limit: usize) -> Result<(Vec<u8>, Room<'static>), Problem> {
    let (mut body, mut room) = (Vec::new(), Room { of: &ROOM, taken: 0 });
    while let Some(piece) = payload.next().await {
        let piece = piece.map_err(|error| Problem::malformed(format!("the body could not be read: {error}")))?;
        if body.len() + piece.len() > limit {
            return Err(ServiceError::TooLarge.into());
        }
        if !room.take(piece.len()) {
            metrics::counter!("patchbay_webhooks_without_room_total").increment(1);
            return Err(ServiceError::unavailable().into());
        }
        body.extend_from_slice(&piece);
    }
    Ok((body, room))
}

/// Bytes of webhooks that are being read or made durable, all together.
const ROOM_BYTES: usize = 256 << 20;
static ROOM: AtomicUsize = AtomicUsize::new(ROOM_BYTES);

/// A part of it, given back in the end.
pub struct Room<'a> {
    of: &'a AtomicUsize,
    taken: usize,
}

impl Room<'_> {
    fn take(&mut self, bytes: usize) -> bool {
        let took = self.of.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |free| free.checked_sub(bytes)).is_ok();
        if took {
            self.taken += bytes;
        }
        took
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        self.of.fetch_add(self.taken, Ordering::SeqCst);
    }
}

fn announced(request: &HttpRequest) -> Option<usize> {
    request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok())
}

/// The whole body, unless it is larger than `limit`.
pub async fn read(request: &HttpRequest, payload: Payload, limit: usize) -> Result<Bytes, Problem> {
    if announced(request).is_some_and(|length| length > limit) {
        return Err(ServiceError::TooLarge.into());
    }
    match payload.to_bytes_limited(limit).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => Err(Problem::malformed(format!("the body could not be read: {error}"))),
        Err(_) => Err(ServiceError::TooLarge.into()),
    }
}

/// The address as the platform knows it: behind a proxy, only the configuration does. Signatures cover it.
fn address(public_url: &str, request: &HttpRequest) -> String {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    format!("{public_url}{path}")
}

fn headers(request: &HttpRequest) -> Vec<Header> {
    let header = |(name, value): (&actix_web::http::header::HeaderName, &actix_web::http::header::HeaderValue)| {
        Header { name: name.as_str().to_owned(), value: String::from_utf8_lossy(value.as_bytes()).into_owned() }
    };
    request.headers().iter().map(header).collect()
}

fn answer(reply: Reply) -> HttpResponse {
    let Reply { status, headers, body } = reply;
    let mut answer = HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::OK));
    for Header { name, value } in headers {
        if ANSWERED.contains(&name.to_ascii_lowercase().as_str()) {
            answer.insert_header((name, value));
        }
    }
    answer.body(body)
}

/// What a webhook is refused with.
pub fn problem(error: &IngressError, method: &Method) -> Problem {
    match error {
        IngressError::UnknownChannel => ServiceError::NotFound("channel").into(),
        // A handshake is refused, not asked to log in.
        IngressError::Unauthentic(_) if method == Method::GET => ServiceError::Forbidden(error.to_string()).into(),
        IngressError::Unauthentic(_) => ServiceError::Unauthenticated(error.to_string()).into(),
        IngressError::Malformed(_) => Problem::malformed(error.to_string()),
        IngressError::TooLarge => ServiceError::TooLarge.into(),
        IngressError::Unavailable => ServiceError::unavailable().into(),
        IngressError::Connector(_) => ServiceError::Internal(error.to_string()).into(),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{FromRequest, dev, error::PayloadError, test::TestRequest};

    use super::*;

    async fn read_of(body: &'static [u8], limit: usize) -> Result<Bytes, u16> {
        let (request, mut payload) = TestRequest::post().set_payload(body).to_http_parts();
        let payload = Payload::from_request(&request, &mut payload).await.unwrap();
        read(&request, payload, limit).await.map_err(|problem| problem.status.as_u16())
    }

    #[actix_web::test]
    async fn a_body_is_taken_up_to_its_limit() {
        assert_eq!(read_of(b"12345", 5).await.unwrap(), "12345");
        assert_eq!(read_of(b"123456", 5).await, Err(413));
    }

    #[test]
    fn bodies_together_take_no_more_than_there_is_room_for() {
        let free = AtomicUsize::new(10);
        let room = || Room { of: &free, taken: 0 };
        let (mut one, mut two) = (room(), room());
        assert!(one.take(4) && two.take(5) && !one.take(2) && one.take(1));
        drop(two);
        assert!(one.take(5) && !room().take(1));
        drop(one);
        assert_eq!(free.into_inner(), 10);
    }

    #[actix_web::test]
    async fn a_webhook_has_its_room_until_it_is_dealt_with() {
        let before = ROOM.load(Ordering::SeqCst);
        let read = async |limit| {
            let (request, mut payload) = TestRequest::post().set_payload(&b"12345"[..]).to_http_parts();
            let payload = Payload::from_request(&request, &mut payload).await.unwrap();
            read_in_room(&request, payload, limit).await.map_err(|problem| problem.status.as_u16())
        };
        let (body, room) = read(5).await.unwrap();
        assert_eq!((body.as_slice(), ROOM.load(Ordering::SeqCst)), (&b"12345"[..], before - 5));
        drop(room);
        assert_eq!(read(4).await.err(), Some(413));
        assert_eq!(ROOM.load(Ordering::SeqCst), before);
    }

    #[actix_web::test]
    async fn who_does_not_come_to_an_end_is_not_waited_for() {
        let nothing = futures_util::stream::pending::<Result<Bytes, PayloadError>>();
        let mut payload: dev::Payload = dev::Payload::Stream { payload: Box::pin(nothing) };
        let request = TestRequest::post().to_http_request();
        let payload = Payload::from_request(&request, &mut payload).await.unwrap();
        let read = read_within(Duration::ZERO, payload, 5).await;
        assert_eq!(read.err().map(|problem| problem.status.as_u16()), Some(503));
    }

    #[test]
    fn the_address_is_the_one_the_platform_called() {
        let request = TestRequest::with_uri("http://10.0.0.7:8080/webhook/x?a=b%20c").to_http_request();
        assert_eq!(address("https://desk.example.com", &request), "https://desk.example.com/webhook/x?a=b%20c");
    }

    #[test]
    fn an_answer_has_no_headers_of_ours() {
        let header = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
        let headers = vec![header("Content-Type", "text/plain"), header("Set-Cookie", "a=b")];
        let answer = answer(Reply { status: 200, headers, body: b"challenge".to_vec() });
        assert_eq!(answer.headers().get("content-type").unwrap(), "text/plain");
        assert!(answer.headers().get("set-cookie").is_none());
    }

    #[test]
    fn a_failed_handshake_is_forbidden_and_a_forged_call_unauthorised() {
        let unauthentic = || IngressError::Unauthentic("no signature".into());
        assert_eq!(problem(&unauthentic(), &Method::GET).status, 403);
        assert_eq!(problem(&unauthentic(), &Method::POST).status, 401);
        assert_eq!(problem(&IngressError::UnknownChannel, &Method::POST).status, 404);
        assert_eq!(problem(&IngressError::Malformed("x".into()), &Method::POST).status, 400);
        assert_eq!(problem(&IngressError::TooLarge, &Method::POST).status, 413);
        assert_eq!(problem(&IngressError::Unavailable, &Method::POST).status, 503);
    }
}
