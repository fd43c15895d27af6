//! The headers that a connector may set.

use std::time::Duration;

use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{
        AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
        TRANSFER_ENCODING, UPGRADE,
    },
};
use patchbay_domain::platform::Header;

/// Those that frame the request or carry credentials are the engine's to set.
const RESERVED: [HeaderName; 11] = [
    AUTHORIZATION,
    CONNECTION,
    CONTENT_LENGTH,
    COOKIE,
    HOST,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// How long to wait before the request is sent; it is not sent itself.
const WAIT: &str = "patchbay-wait-ms";

pub fn build(headers: &[Header]) -> Result<HeaderMap, String> {
    let mut built = HeaderMap::with_capacity(headers.len());
    for header in headers.iter().filter(|header| !is_wait(header)) {
        let Header { name, value } = header;
        let name = if is_own_signature(header) { AUTHORIZATION } else { self::name(name)? };
        let mut value =
            HeaderValue::from_str(value).map_err(|_| format!("the value of header {name} has control characters"))?;
        value.set_sensitive(name == AUTHORIZATION);
        built.append(name, value);
    }
    Ok(built)
}

/// OAuth 1.0a is no credential but a signature, which connectors make with keyed hashes.
fn is_own_signature(header: &Header) -> bool {
    header.name.eq_ignore_ascii_case(AUTHORIZATION.as_str()) && header.value.starts_with("OAuth ")
}

fn is_wait(header: &Header) -> bool {
    header.name.eq_ignore_ascii_case(WAIT)
}

/// How long the connector asks to wait before the request is sent.
pub fn wait(headers: &[Header]) -> Result<Duration, String> {
    let asked = headers.iter().find(|header| is_wait(header)).map(|header| header.value.trim().parse());
    match asked {
        None => Ok(Duration::ZERO),
        Some(Ok(milliseconds)) => Ok(Duration::from_millis(milliseconds)),
        Some(Err(_)) => Err(format!("{WAIT} is no number of milliseconds")),
    }
}

/// The name of a header that is not reserved.
pub fn name(name: &str) -> Result<HeaderName, String> {
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("{name:?} is no header name"))?;
    if RESERVED.contains(&parsed) || parsed.as_str().starts_with("proxy-") {
        return Err(format!("connectors may not set the header {parsed}; name credentials in the request's auth"));
    }
    Ok(parsed)
}

pub fn method(method: &str) -> Result<Method, String> {
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let found = known.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(method));
    found.ok_or_else(|| format!("{method:?} is not among the methods GET, HEAD, POST, PUT, PATCH and DELETE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str, value: &str) -> Header {
        Header { name: name.into(), value: value.into() }
    }

    #[test]
    fn reserved_headers_are_refused_whatever_their_case() {
        for reserved in [
            "Host",
            "authorization",
            "AUTHORIZATION",
            "Content-Length",
            "Transfer-Encoding",
            "Connection",
            "Cookie",
            "Proxy-Authorization",
            "Proxy-Connection",
            "TE",
            "Upgrade",
        ] {
            let error = build(&[header(reserved, "x")]).unwrap_err();
            assert!(error.contains(&reserved.to_ascii_lowercase()), "{error}");
        }
    }

    #[test]
    fn others_are_kept_in_order_and_checked() {
        let built = build(&[header("Accept", "a/b"), header("X-A", "1"), header("x-a", "2")]).unwrap();
        assert_eq!(built.get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
        assert!(build(&[header("X-A", "1\r\nHost: evil")]).is_err());
        assert!(build(&[header("X A", "1")]).is_err());
        assert!(build(&[header("", "1")]).is_err());
    }

    #[test]
    fn an_oauth_signature_is_the_connectors_to_make() {
        let built = build(&[header("Authorization", "OAuth oauth_signature=\"x\"")]).unwrap();
        assert!(built[AUTHORIZATION].is_sensitive());
        for other in ["Bearer x", "oauth x", "OAuth", "Basic x", ""] {
            assert!(build(&[header("Authorization", other)]).is_err(), "{other}");
        }
    }

    #[test]
    fn a_pause_is_read_and_not_sent() {
        let headers = [header("Patchbay-Wait-Ms", "1500"), header("Accept", "a/b")];
        assert_eq!(build(&headers).unwrap().len(), 1);
        assert_eq!(wait(&headers), Ok(Duration::from_millis(1_500)));
        assert_eq!(wait(&[]), Ok(Duration::ZERO));
        assert!(wait(&[header("patchbay-wait-ms", "soon")]).is_err());
    }

    #[test]
    fn methods_are_the_usual_ones() {
        assert_eq!(method("post"), Ok(Method::POST));
        for odd in ["CONNECT", "TRACE", "OPTIONS", "", "GET /"] {
            assert!(method(odd).is_err(), "{odd}");
        }
    }
}
