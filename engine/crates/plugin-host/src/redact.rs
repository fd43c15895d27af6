//! Takes a channel's secrets out of what comes back from outside: a platform may repeat the address that it was
//! called under, and with it what stood in its path or query. Whatever is read of an answer afterwards, by a
//! connector or by a person, has passed here.

use std::{borrow::Cow, collections::BTreeSet};

use memchr::memmem;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::SecretMap;

/// What stands in a secret's place.
pub const REDACTED: &str = "[redacted]";
/// What is shorter may be an ordinary word; it would tear up texts that have nothing to do with it.
const SHORTEST: usize = 8;

/// What a path segment is allowed to hold as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The secrets of a channel, in every form in which an address or a text holds them.
pub struct Redactor {
    /// The longest first: one form may be the beginning of another.
    forms: Vec<String>,
}

impl Redactor {
    pub fn of(secrets: &SecretMap) -> Self {
        let long = secrets.iter().map(|(_, value)| value).filter(|value| value.len() >= SHORTEST);
        let mut forms: Vec<String> = long.flat_map(forms).collect::<BTreeSet<_>>().into_iter().collect();
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        Self { forms }
    }

    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        for form in &self.forms {
            if memmem::find(text.as_bytes(), form.as_bytes()).is_some() {
                text = Cow::Owned(text.replace(form, REDACTED));
            }
        }
        text
    }

    pub fn bytes(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        for form in &self.forms {
            let finder = memmem::Finder::new(form);
            if finder.find(&bytes).is_some() {
                bytes = without(&bytes, &finder);
            }
        }
        bytes
    }
}

fn without(bytes: &[u8], finder: &memmem::Finder<'_>) -> Vec<u8> {
    let (mut kept, mut rest) = (Vec::with_capacity(bytes.len()), bytes);
    while let Some((before, from)) = finder.find(rest).and_then(|at| rest.split_at_checked(at)) {
        kept.extend_from_slice(before);
        kept.extend_from_slice(REDACTED.as_bytes());
        rest = from.get(finder.needle().len()..).unwrap_or_default();
    }
    kept.extend_from_slice(rest);
    kept
}

/// As it is, as it stands in a path, in a query, in a form and in JSON.
fn forms(value: &str) -> Vec<String> {
    let encoded = [
        utf8_percent_encode(value, SEGMENT).to_string(),
        utf8_percent_encode(value, UNRESERVED).to_string(),
        url::form_urlencoded::byte_serialize(value.as_bytes()).collect(),
    ];
    let json = serde_json::Value::from(value).to_string();
    let json = json.trim_matches('"');
    let mut forms = vec![value.to_owned(), json.to_owned(), json.replace('/', "\\/")];
    forms.extend(encoded.iter().map(|form| with_small_escapes(form)));
    forms.extend(encoded);
    forms
}

/// `%3a` for `%3A`: both are written.
fn with_small_escapes(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let mut small = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escape, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        small.extend(["%", &escape.to_ascii_lowercase(), rest]);
    }
    small
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "123:AB/C?d#e %\"";

    fn redactor() -> Redactor {
        let secrets = [("token", TOKEN), ("short", "word"), ("longer", "123:AB/C?d#e %\"and more")];
        Redactor::of(&secrets.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    #[test]
    fn every_form_of_a_secret_is_taken_out() {
        for form in [
            TOKEN,
            "123%3AAB%2FC%3Fd%23e%20%25%22",
            "123%3aAB%2fC%3fd%23e%20%25%22",
            "123:AB%2FC%3Fd%23e%20%25%22",
            "123%3AAB%2FC%3Fd%23e+%25%22",
            "123:AB/C?d#e %\\\"",
            "123:AB\\/C?d#e %\\\"",
        ] {
            let text = format!("GET /bot{form}/send and /bot{form}/receive");
            assert_eq!(redactor().text(&text), "GET /bot[redacted]/send and /bot[redacted]/receive", "{form}");
            let bytes = redactor().bytes(text.into_bytes());
            assert_eq!(bytes, b"GET /bot[redacted]/send and /bot[redacted]/receive", "{form}");
        }
    }

    #[test]
    fn nothing_of_a_longer_secret_stays() {
        assert_eq!(redactor().text("123:AB/C?d#e %\"and more, a word"), "[redacted], a word");
    }

    #[test]
    fn what_holds_none_stays_as_it_is() {
        assert!(matches!(redactor().text("a word"), Cow::Borrowed("a word")));
        assert_eq!(redactor().bytes(vec![0, 255, b'a']), [0, 255, b'a']);
    }
}
