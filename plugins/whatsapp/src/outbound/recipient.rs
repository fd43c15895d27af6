//! Whom a message is for: a telephone number, an identifier of this business (BSUID), or a group.

use patchbay_plugin_sdk::{Failure, Participant};
use serde_json::{Map, Value, json};

/// The fields that address a message. A number is preferred: who is written to by number keeps showing it.
pub fn fields(to: &Participant, thread: &str) -> Result<Map<String, Value>, Failure> {
    let ids = || [thread, &to.id].into_iter().chain(to.aliases.iter().map(String::as_str));
    let (kind, field, address) = if is_group(thread) {
        ("group", "to", thread.to_owned())
    } else if let Some(number) = to.phone.as_deref().into_iter().chain(ids()).find_map(number) {
        ("individual", "to", number)
    } else if let Some(user_id) = ids().find(|id| is_user_id(id)) {
        ("individual", "recipient", user_id.to_owned())
    } else {
        return Err(Failure::rejected("the contact has neither a telephone number nor a WhatsApp identifier"));
    };
    Ok(Map::from_iter([("recipient_type".to_owned(), json!(kind)), (field.to_owned(), json!(address))]))
}

/// With `+` and country code: without, the business's own country code would be put before it.
fn number(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_number = text.chars().all(|letter| letter.is_ascii_digit() || "+-(). /".contains(letter));
    // E.164 allows fifteen digits.
    (is_number && (1..=15).contains(&digits.len())).then(|| format!("+{digits}"))
}

/// `US.13491208655302741918`: a country and an identifier.
fn is_user_id(id: &str) -> bool {
    let parts = id.split_once('.');
    parts.is_some_and(|(country, rest)| country.bytes().all(|byte| byte.is_ascii_alphabetic()) && !rest.is_empty())
}

/// Groups have identifiers without a form of their own.
fn is_group(thread: &str) -> bool {
    !thread.is_empty() && number(thread).is_none() && !is_user_id(thread)
}
