//! What each text has to be like.

use super::NO_NUL;
use crate::service::kinds::{bare, digits};

pub(super) fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("must not be empty".to_owned()),
        1..=200 if text.chars().any(char::is_control) => Err("must be one line of plain text".to_owned()),
        1..=200 => Ok(text.to_owned()),
        _ => Err("must be at most 200 characters long".to_owned()),
    }
}

pub(super) fn email(text: &str) -> Result<String, String> {
    let text = text.trim().to_lowercase();
    let labels = |domain: &str| {
        domain.contains('.')
            && domain.split('.').all(|label| {
                !label.is_empty()
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
            })
    };
    let local = |local: &str| {
        (1..=64).contains(&local.len())
            && !local
                .chars()
                .any(|letter| letter.is_whitespace() || letter.is_control() || "@<>()[]\\,;:\"".contains(letter))
    };
    let valid = text.len() <= 254 && text.rsplit_once('@').is_some_and(|(name, domain)| local(name) && labels(domain));
    if valid { Ok(text) } else { Err("must be an e-mail address".to_owned()) }
}

pub(super) fn subject(text: &str) -> Result<String, String> {
    match text.trim().chars().count() {
        0 => Err("must not be empty".to_owned()),
        1..=1_000 => storable(text.trim()),
        _ => Err("must be at most 1000 characters long".to_owned()),
    }
}

pub(super) fn message(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("must not be empty".to_owned());
    }
    storable(text)
}

pub(super) fn external_id(text: &str) -> Result<String, String> {
    match text.chars().count() {
        0 => Err("must not be empty".to_owned()),
        1..=500 => storable(text),
        _ => Err("must be at most 500 characters long".to_owned()),
    }
}

pub(super) fn handle(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_plain = text.bytes().all(|letter| letter.is_ascii_alphanumeric() || b"_-".contains(&letter));
    if is_plain && (3..=50).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err("must be 3 to 50 letters, digits, dashes or underscores".to_owned())
    }
}

const NO_PHONE: &str = "must be a telephone number with its country, such as +4915112345678";
/// A number as long as this without a sign for its country may as well be one inside a country.
const AMBIGUOUS: usize = 10;

pub(super) fn phone(text: &str) -> Result<String, String> {
    let text = bare(text);
    let (international, text) = match text.strip_prefix("00") {
        Some(rest) => (true, rest),
        None => (text.starts_with('+') || text.ends_with("@c.us"), text),
    };
    let digits = digits(text).filter(|digits| !digits.starts_with('0'));
    let digits = digits.filter(|digits| international || digits.len() > AMBIGUOUS);
    digits.map(|digits| format!("+{digits}")).ok_or_else(|| NO_PHONE.to_owned())
}

pub(super) fn notes(text: &str) -> Result<String, String> {
    match text.trim().chars().count() {
        0 => Err("must not be empty".to_owned()),
        1..=10_000 => storable(text.trim()),
        _ => Err("must be at most 10000 characters long".to_owned()),
    }
}

pub(super) fn tag(text: &str) -> Result<String, String> {
    match text.trim().chars().count() {
        0 => Err("must not be empty".to_owned()),
        1..=100 => storable(text.trim()),
        _ => Err("must be at most 100 characters long".to_owned()),
    }
}

pub(super) fn slug(text: &str) -> Result<String, String> {
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    match text.len() {
        2..=63 if text.chars().all(fits) => Ok(text.to_owned()),
        2..=63 => Err("must be of lower-case letters, digits and dashes".to_owned()),
        _ => Err("must be 2 to 63 characters long".to_owned()),
    }
}

fn storable(text: &str) -> Result<String, String> {
    if text.contains('\0') { Err(NO_NUL.to_owned()) } else { Ok(text.to_owned()) }
}
