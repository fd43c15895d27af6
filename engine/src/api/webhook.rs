//! A platform's call, taken as it came and handed to the ingress, and the
//! connector's answer handed back. Every webhook address of every dialect is
//! served by [`receive`].

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode, header::CONTENT_LENGTH},
    web::Payload,
};
use bytes::Bytes;
use patchbay_domain::platform::{Header, Reply, Webhook};

use super::problem::Problem;
use crate::{
    app::App,
    ingress::{IngressError, Target},
    service::ServiceError,
};

/// Headers a connector may set on its answer. The rest are ours.
const ANSWERED: [&str; 1] = ["content-type"];

pub async fn receive(
    app: &App,
    target: Target,
    request: &HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let body = read(request, payload, app.config.server.webhook_body_bytes).await?;
    let webhook = Webhook {
        method: request.method().to_string(),
        url: address(&app.config.server.public_url, request),
        headers: headers(request),
        body: body.to_vec(),
        received_at: (app.clock)(),
    };
    let reply = app.ingress.receive(target, webhook).await;
    reply.map(answer).map_err(|error| problem(&error, request.method()))
}

/// The whole body, unless it is larger than `limit`.
pub async fn read(request: &HttpRequest, payload: Payload, limit: usize) -> Result<Bytes, Problem> {
    let announced =
        request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
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

fn problem(error: &IngressError, method: &Method) -> Problem {
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
    use actix_web::{FromRequest, test::TestRequest};

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
