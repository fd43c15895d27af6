//! The words that are exchanged where tokens are renewed (RFC 6749, sections 2.3.1, 5 and 6).

use chrono::Duration;
use patchbay_domain::platform::{Auth, Body, ClientAuthentication, Header, OAuth2, Request, Response, TransportError};
use patchbay_plugin_host::Redactor;
use serde::Deserialize;
use serde_json::Value;

use crate::channels::ActiveChannel;

/// Shorter than the lease, so that nobody else begins while an answer may still come.
const TIMEOUT_MS: u32 = 15_000;
/// What is told of a platform's reason.
const LONGEST_REASON: usize = 300;

/// What came of asking.
pub enum Answer {
    Tokens(Tokens),
    /// The refresh token, or the client itself, is refused: only a person can help.
    Refused(String),
    /// It may go better later.
    Passing {
        reason: String,
        /// The platform may have renewed the token all the same.
        is_lost: bool,
        wait: Option<Duration>,
    },
}

/// Says nothing of itself: there is no `Debug`.
pub struct Tokens {
    pub access: String,
    /// A new one, where the platform takes the old one back.
    pub refresh: Option<String>,
    pub lifetime: Option<Duration>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    refresh_token: Option<String>,
    expires_in: Option<Seconds>,
}

/// A number by the standard; some write it as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
}

#[derive(Deserialize)]
struct Denied {
    error: Option<String>,
    error_description: Option<String>,
}

/// The request for a channel that has all it takes.
pub fn request(channel: &ActiveChannel, oauth2: &OAuth2) -> Option<Request> {
    let OAuth2 { token_url, client_id_field, client_secret, access_token: _, refresh_token, details } = oauth2;
    let config = &channel.row.config;
    let client_id = config.get(client_id_field)?.as_str().filter(|id| !id.is_empty())?;
    let secrets = &channel.view.secrets;
    let mut form = vec![
        ("grant_type".to_owned(), "refresh_token".to_owned()),
        ("refresh_token".to_owned(), secrets.get(refresh_token)?.to_owned()),
    ];
    let auth = match (secrets.get(client_secret), details.client_authentication) {
        (Some(_), ClientAuthentication::Basic) => Auth::Basic(client_id.to_owned(), client_secret.clone()),
        (secret, _) => {
            form.push(("client_id".to_owned(), client_id.to_owned()));
            form.extend(secret.map(|secret| ("client_secret".to_owned(), secret.to_owned())));
            Auth::None
        }
    };
    Some(Request {
        method: "POST".to_owned(),
        url: address(config, token_url),
        headers: vec![Header { name: "accept".to_owned(), value: "application/json".to_owned() }],
        auth,
        body: Body::Form(form),
        timeout_ms: Some(TIMEOUT_MS),
        save_body: false,
        idempotent: false,
        state: Vec::new(),
    })
}

/// The declared address, or its path on the server that the channel names instead.
fn address(config: &Value, token_url: &str) -> String {
    let base = config.get("apiBaseUrl").and_then(Value::as_str);
    match (base, url::Url::parse(token_url)) {
        (Some(base), Ok(declared)) => format!("{}{}", base.trim_end_matches('/'), declared.path()),
        _ => token_url.to_owned(),
    }
}

pub fn read(answer: Result<Response, TransportError>, redactor: &Redactor) -> Answer {
    let passing = |reason: String, is_lost| Answer::Passing { reason, is_lost, wait: None };
    match answer {
        Ok(response) => read_response(&response, redactor),
        Err(TransportError::NotSent(reason) | TransportError::Refused(reason)) => passing(reason, false),
        Err(TransportError::Unknown(reason)) => passing(reason, true),
    }
}

fn read_response(response: &Response, redactor: &Redactor) -> Answer {
    let Response { status, headers, body, saved: _ } = response;
    match *status {
        200..300 => match serde_json::from_slice::<Granted>(body) {
            Ok(Granted { access_token, refresh_token, expires_in }) if !access_token.is_empty() => {
                let refresh = refresh_token.filter(|token| !token.is_empty());
                Answer::Tokens(Tokens { access: access_token, refresh, lifetime: expires_in.and_then(lifetime) })
            }
            // What it holds instead is not told: it may hold a token.
            Ok(_) | Err(_) => {
                let reason = "the platform's answer holds no access token".to_owned();
                Answer::Passing { reason, is_lost: true, wait: None }
            }
        },
        400..500 if !matches!(status, 408 | 425 | 429) => Answer::Refused(why(*status, body, redactor)),
        _ => {
            let wait = headers.iter().find(|header| header.name.eq_ignore_ascii_case("retry-after"));
            let wait = wait.and_then(|header| header.value.trim().parse().ok()).and_then(Duration::try_seconds);
            Answer::Passing { reason: why(*status, body, redactor), is_lost: false, wait }
        }
    }
}

fn lifetime(seconds: Seconds) -> Option<Duration> {
    let seconds = match seconds {
        Seconds::Number(seconds) => seconds,
        Seconds::Text(text) => text.trim().parse().ok()?,
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is too large for a number of seconds is cut to the largest"
    )]
    let seconds = seconds as i64;
    // Longer than a century is a platform's way to say never.
    Duration::try_seconds(seconds).filter(|lifetime| (Duration::zero()..Duration::days(36_525)).contains(lifetime))
}

fn why(status: u16, body: &[u8], redactor: &Redactor) -> String {
    let denied = serde_json::from_slice::<Denied>(body).ok();
    let words = denied.into_iter().flat_map(|Denied { error, error_description }| [error, error_description]).flatten();
    let reason = words.fold(format!("it answered {status}"), |reason, word| format!("{reason}, {word}"));
    let reason = redactor.text(&reason);
    reason.get(..reason.floor_char_boundary(LONGEST_REASON)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use patchbay_plugin_host::SecretMap;
    use serde_json::json;

    use super::*;

    fn said(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
        let secrets: SecretMap = [("refreshToken".to_owned(), "a refresh token".to_owned())].into_iter().collect();
        let headers = headers.iter().map(|(name, value)| Header { name: (*name).into(), value: (*value).into() });
        let response = Response { status, headers: headers.collect(), body: body.into(), saved: None };
        read(Ok(response), &Redactor::of(&secrets))
    }

    #[test]
    fn tokens_are_read_as_the_standard_and_as_some_write_them() {
        let table = [
            (r#"{"access_token":"a","token_type":"bearer","expires_in":7200}"#, None, Some(7200)),
            (r#"{"access_token":"a","refresh_token":"r","expires_in":"3600"}"#, Some("r"), Some(3600)),
            (r#"{"access_token":"a","refresh_token":"","expires_in":null}"#, None, None),
            (r#"{"access_token":"a","expires_in":1e300}"#, None, None),
        ];
        for (body, refresh, seconds) in table {
            let Answer::Tokens(tokens) = said(200, &[], body) else { panic!("{body}") };
            assert_eq!((tokens.access.as_str(), tokens.refresh.as_deref()), ("a", refresh));
            assert_eq!(tokens.lifetime.map(|lifetime| lifetime.num_seconds()), seconds, "{body}");
        }
    }

    #[test]
    fn what_a_person_has_to_mend_is_told_from_what_passes() {
        for (status, body) in [(400, r#"{"error":"invalid_grant"}"#), (401, r#"{"error":"invalid_client"}"#), (403, "")]
        {
            assert!(matches!(said(status, &[], body), Answer::Refused(_)), "{status}");
        }
        for (status, lost) in [(200, true), (302, false), (408, false), (429, false), (500, false), (503, false)] {
            let Answer::Passing { is_lost, .. } = said(status, &[], "<html>") else { panic!("{status}") };
            assert_eq!(is_lost, lost, "{status}");
        }
        let Answer::Passing { wait, .. } = said(429, &[("Retry-After", "7")], "{}") else { panic!("429") };
        assert_eq!(wait, Some(Duration::seconds(7)));
    }

    #[test]
    fn a_reason_is_told_without_a_token_and_not_at_length() {
        let body = r#"{"error":"invalid_grant","error_description":"no such token: a refresh token"}"#;
        let Answer::Refused(reason) = said(400, &[], body) else { panic!("refused") };
        assert_eq!(reason, "it answered 400, invalid_grant, no such token: [redacted]");
        let Answer::Refused(reason) = said(400, &[], &json!({"error": "ä".repeat(1_000)}).to_string()) else {
            panic!("refused")
        };
        assert!(reason.len() <= LONGEST_REASON);
    }

    #[test]
    fn the_address_is_the_declared_one_unless_the_channel_names_a_server() {
        let declared = "https://api.example.com/2/oauth2/token";
        assert_eq!(address(&json!({}), declared), declared);
        let elsewhere = address(&json!({"apiBaseUrl": "http://127.0.0.1:9/base/"}), declared);
        assert_eq!(elsewhere, "http://127.0.0.1:9/base/2/oauth2/token");
    }
}
