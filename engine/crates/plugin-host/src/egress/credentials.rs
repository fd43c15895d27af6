//! Puts a channel's secrets into a request. No error names more of a secret than its name.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use patchbay_domain::platform::Auth;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::headers;
use crate::SecretMap;

/// `{secret}` as it stands in the path of a parsed URL.
const PLACE: &str = "%7Bsecret%7D";

/// What may stand in a path segment as it is: servers do not always decode what need not be encoded.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'=')
    .remove(b'+');

/// Puts into the address what belongs there: once, before the first hop.
pub fn into_path(url: &mut Url, auth: &Auth, secrets: &SecretMap) -> Result<(), String> {
    let Auth::Path(name) = auth else { return Ok(()) };
    if !url.path().contains(PLACE) {
        return Err("the request wants a secret in its path, but the path has no {secret}".to_owned());
    }
    let encoded = utf8_percent_encode(value(secrets, name)?, SEGMENT).to_string();
    let path = url.path().replace(PLACE, &encoded);
    url.set_path(&path);
    Ok(())
}

/// Puts into a hop what every hop to the same place needs.
pub fn into_hop(url: &mut Url, hop: &mut HeaderMap, auth: &Auth, secrets: &SecretMap) -> Result<(), String> {
    match auth {
        Auth::None | Auth::Path(_) => {}
        Auth::Bearer(name) => {
            hop.insert(AUTHORIZATION, header(name, &format!("Bearer {}", value(secrets, name)?))?);
        }
        Auth::Basic(user, name) => {
            let pair = BASE64_STANDARD.encode(format!("{user}:{}", value(secrets, name)?));
            hop.insert(AUTHORIZATION, header(name, &format!("Basic {pair}"))?);
        }
        Auth::Header(header_name, name) => {
            let value = header(name, value(secrets, name)?)?;
            // A connector may name Authorization here: the value is the engine's.
            let header_name = if header_name.eq_ignore_ascii_case(AUTHORIZATION.as_str()) {
                AUTHORIZATION
            } else {
                headers::name(header_name)?
            };
            hop.insert(header_name, value);
        }
        Auth::Query(parameter, name) => {
            let value = value(secrets, name)?;
            if !url.query_pairs().any(|(known, _)| known == parameter.as_str()) {
                url.query_pairs_mut().append_pair(parameter, value);
            }
        }
    }
    Ok(())
}

pub fn value<'a>(secrets: &'a SecretMap, name: &str) -> Result<&'a str, String> {
    secrets.get(name).ok_or_else(|| format!("the channel has no value for {name:?}"))
}

fn header(name: &str, value: &str) -> Result<HeaderValue, String> {
    let mut value =
        HeaderValue::from_str(value).map_err(|_| format!("the value of {name:?} has control characters"))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "123:AB/C?d#e %";

    fn secrets() -> SecretMap {
        [("token".to_owned(), TOKEN.to_owned()), ("broken".to_owned(), "a\r\nHost: evil".to_owned())]
            .into_iter()
            .collect()
    }

    fn apply(url: &str, auth: &Auth) -> Result<(String, HeaderMap), String> {
        let (mut url, mut headers) = (Url::parse(url).unwrap(), HeaderMap::new());
        into_path(&mut url, auth, &secrets())?;
        into_hop(&mut url, &mut headers, auth, &secrets())?;
        Ok((url.to_string(), headers))
    }

    #[test]
    fn each_kind_puts_the_secret_where_it_belongs() {
        let token = || "token".to_owned();
        let header = |auth: &Auth, name: &str| apply("https://x/", auth).unwrap().1.get(name).unwrap().clone();
        assert_eq!(header(&Auth::Bearer(token()), "authorization"), format!("Bearer {TOKEN}"));
        let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("AC1:{TOKEN}")));
        assert_eq!(header(&Auth::Basic("AC1".into(), token()), "authorization"), basic);
        assert_eq!(header(&Auth::Header("X-Api-Key".into(), token()), "x-api-key"), TOKEN);
        assert!(header(&Auth::Bearer(token()), "authorization").is_sensitive());

        let (url, _) = apply("https://x/bot{secret}/send?a=1", &Auth::Path(token())).unwrap();
        assert_eq!(url, "https://x/bot123:AB%2FC%3Fd%23e%20%25/send?a=1");
        let (url, _) = apply("https://x/?a=1", &Auth::Query("key".into(), token())).unwrap();
        assert_eq!(url, "https://x/?a=1&key=123%3AAB%2FC%3Fd%23e+%25");
    }

    #[test]
    fn what_cannot_be_done_is_said_without_the_secret() {
        let wrong = [
            ("https://x/", Auth::Bearer("other".into()), "other"),
            ("https://x/", Auth::Bearer("broken".into()), "broken"),
            ("https://x/no-place", Auth::Path("token".into()), "{secret}"),
            ("https://x/?q={secret}", Auth::Path("token".into()), "{secret}"),
            ("https://x/", Auth::Header("Host".into(), "token".into()), "host"),
        ];
        for (url, auth, named) in wrong {
            let error = apply(url, &auth).unwrap_err();
            assert!(error.contains(named) && !error.contains("evil") && !error.contains("AB"), "{error}");
        }
    }
}
