//! When one may still write: for 24 hours after the contact's last message, and people for seven days.

use crate::messaging::Account;
use patchbay_plugin_sdk::{Failure, FailureKind, Outgoing, Timestamp};
use serde_json::{Map, Value, json};

/// How long everybody may answer.
pub const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// How long a person may answer.
pub const HUMAN_AGENT_MS: u64 = 7 * DAY_MS;

const RESPONSE: &str = "RESPONSE";
const TAGGED: &str = "MESSAGE_TAG";
const HUMAN_AGENT: &str = "HUMAN_AGENT";

/// As what a message goes out: what the sender says in its metadata, else what the time asks for. Where it is not known
/// when the contact wrote, the platform decides.
pub fn fields(account: &Account, outgoing: &Outgoing, now: Timestamp) -> Result<Map<String, Value>, Failure> {
    let metadata: Map<String, Value> = serde_json::from_str(&outgoing.metadata).unwrap_or_default();
    let asked = one_of(&metadata, "messagingType", &[RESPONSE, "UPDATE", TAGGED])?.unwrap_or(RESPONSE);
    let tagged = one_of(&metadata, "messageTag", &[HUMAN_AGENT])?.is_some() || asked == TAGGED;
    let age = outgoing.last_inbound_at.map_or(0, |at| now.saturating_sub(at));
    if age <= DAY_MS && !tagged {
        let kind = account.says_response.then(|| ("messaging_type".to_owned(), json!(asked)));
        return Ok(kind.into_iter().collect());
    }
    if age > HUMAN_AGENT_MS {
        return Err(Failure::of(FailureKind::OutsideWindow, "the contact wrote more than seven days ago"));
    }
    if !account.manner.human_agent {
        let sentence = "after 24 hours only people may answer, and the channel's setting humanAgent is off";
        return Err(Failure::of(FailureKind::OutsideWindow, sentence));
    }
    Ok(Map::from_iter([("messaging_type".to_owned(), json!(TAGGED)), ("tag".to_owned(), json!(HUMAN_AGENT))]))
}

/// Other values are refused here: the platform took the older tags away.
fn one_of<'a>(metadata: &'a Map<String, Value>, name: &str, known: &[&str]) -> Result<Option<&'a str>, Failure> {
    let Some(value) = metadata.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    match value.as_str().filter(|text| known.contains(text)) {
        Some(text) => Ok(Some(text)),
        None => Err(Failure::rejected(format!("{name} can be {}", known.join(", ")))),
    }
}
