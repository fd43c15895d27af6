//! Limits of the platform, checked before anything is sent, so that the refusal says what to change.

use patchbay_plugin_sdk::Failure;

pub fn at_most(what: &str, text: &str, limit: usize) -> Result<(), Failure> {
    match text.chars().count() {
        0 => Err(Failure::rejected(format!("{what} is empty"))),
        length if length > limit => {
            Err(Failure::rejected(format!("{what} has {length} characters, WhatsApp takes {limit}")))
        }
        _ => Ok(()),
    }
}

/// As [`at_most`], where the text may be missing.
pub fn at_most_if_any(what: &str, text: Option<&str>, limit: usize) -> Result<(), Failure> {
    text.map_or(Ok(()), |text| at_most(what, text, limit))
}
