//! Whom a message is for: a telephone number, a short code, or on WhatsApp an identifier of this business (BSUID).

use crate::settings::{Medium, bare};
use patchbay_plugin_sdk::{Failure, Participant};

/// What goes into `To`. A number is preferred: everybody has one, whatever else names them.
pub fn to(medium: Medium, to: &Participant, thread: &str) -> Result<String, Failure> {
    let ids = || [thread, &to.id].into_iter().chain(to.aliases.iter().map(String::as_str)).map(bare);
    let number = to.phone.as_deref().into_iter().chain(ids()).find_map(number);
    let other = || {
        ids().find(|id| match medium {
            Medium::Sms => is_short_code(id),
            Medium::WhatsApp => is_user_id(id),
        })
    };
    let address = number.or_else(|| other().map(str::to_owned));
    let address = address.ok_or_else(|| Failure::rejected("the contact has no telephone number"))?;
    Ok(medium.address(&address))
}

/// E.164. Seven digits are the least: a shorter one is a short code, which has no country.
fn number(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_number = text.chars().all(|letter| letter.is_ascii_digit() || "+-(). /".contains(letter));
    (is_number && (7..=15).contains(&digits.len())).then(|| format!("+{digits}"))
}

fn is_short_code(text: &str) -> bool {
    (3..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `US.13491208655302741918`: a country and an identifier.
fn is_user_id(id: &str) -> bool {
    let parts = id.split_once('.');
    parts.is_some_and(|(country, rest)| {
        country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()) && !rest.is_empty()
    })
}
