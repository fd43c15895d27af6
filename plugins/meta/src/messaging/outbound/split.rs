//! A text in as many messages as it takes: cut between words, else between characters as people see them.

use crate::messaging::{Account, Length, LongText};
use patchbay_plugin_sdk::Failure;
use unicode_segmentation::UnicodeSegmentation;

pub fn texts(account: &Account, text: &str) -> Result<Vec<String>, Failure> {
    let limit = account.product.longest_text;
    if limit.holds(text) {
        return Ok(vec![text.to_owned()]);
    }
    if account.manner.long_text == LongText::Refuse {
        let (most, unit) = match limit {
            Length::Characters(most) => (most, "characters"),
            Length::Bytes(most) => (most, "bytes"),
        };
        return Err(Failure::rejected(format!(
            "the text is longer than the {most} {unit} that {} takes; shorten it, or set longText to split",
            account.product.name
        )));
    }
    split(text, limit)
}

/// Cut so that each part is no longer than `limit`.
pub fn split(text: &str, limit: Length) -> Result<Vec<String>, Failure> {
    let mut parts = Vec::new();
    let mut part = String::new();
    for word in text.split_word_bounds() {
        if holds(limit, &part, word) {
            part.push_str(word);
            continue;
        }
        push(&mut parts, &mut part);
        for character in word.graphemes(true) {
            if !holds(limit, &part, character) {
                push(&mut parts, &mut part);
            }
            if !limit.holds(character) {
                return Err(Failure::rejected("the text has a character that is longer than a whole message may be"));
            }
            part.push_str(character);
        }
    }
    push(&mut parts, &mut part);
    Ok(parts)
}

fn holds(limit: Length, part: &str, more: &str) -> bool {
    match limit {
        Length::Characters(most) => part.chars().count() + more.chars().count() <= most,
        Length::Bytes(most) => part.len() + more.len() <= most,
    }
}

fn push(parts: &mut Vec<String>, part: &mut String) {
    let done = std::mem::take(part);
    let done = done.trim();
    if !done.is_empty() {
        parts.push(done.to_owned());
    }
}
