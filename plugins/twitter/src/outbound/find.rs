//! Looking whether a message was sent whose answer was lost. A message is found by its text and its time: X knows no
//! identifiers of ours.

use super::answer::Effect;
use super::api::Api;
use super::compose::Piece;
use super::recipient::Recipient;
use crate::snowflake;
use crate::wire::{id, iso_time, items, text};
use patchbay_plugin_sdk::{Request, Response, Timestamp, TransportError};
use serde_json::Value;

/// Clocks differ.
const BEFORE_MS: u64 = 5_000;
const SHORT_LINK: &str = "https://t.co/";

pub fn request(api: &Api<'_>, recipient: &Recipient) -> Request {
    let request = api.request("GET", &format!("{}/dm_events", recipient.path())).idempotent();
    let request = request.query("max_results", "10").query("event_types", "MessageCreate");
    let fields = "id,text,event_type,created_at,attachments,dm_conversation_id";
    request.query("dm_event.fields", fields).query("expansions", "sender_id")
}

/// The identifier under which it was sent after all; else why nobody knows.
pub fn found(
    api: &Api<'_>,
    piece: &Piece<'_>,
    at: Timestamp,
    sent: &[String],
    response: Result<Response, TransportError>,
) -> Result<String, String> {
    let listed = Effect::Repeatable.json(response, api.now());
    let listed = listed.map_err(|failure| format!("and X does not tell whether it was sent: {}", failure.message))?;
    let is_it = |event: &&Value| {
        let is_own = id(event, &["sender_id"]).as_deref() == Some(&api.settings().user_id);
        let is_new = time(event).is_some_and(|time| time + BEFORE_MS >= at);
        let is_other = id(event, &["id"]).is_some_and(|id| !sent.contains(&id));
        is_own && is_new && is_other && says(event, piece)
    };
    let found = items(&listed, &["data"]).iter().find(is_it).and_then(|event| id(event, &["id"]));
    found.ok_or_else(|| "and X lists no such message".to_owned())
}

fn time(event: &Value) -> Option<Timestamp> {
    text(event, &["created_at"]).and_then(iso_time).or_else(|| snowflake::time(&id(event, &["id"])?))
}

/// The same text, but for the short links that X makes of addresses and of a file.
fn says(event: &Value, piece: &Piece<'_>) -> bool {
    let listed = text(event, &["text"]).unwrap_or_default();
    let listed: Vec<&str> = words(listed).filter(|word| !word.starts_with(SHORT_LINK)).collect();
    let wanted = piece.text.as_deref().unwrap_or_default();
    let wanted: Vec<&str> = words(wanted).filter(|word| !is_address(word)).collect();
    let has_file = !items(event, &["attachments", "media_keys"]).is_empty();
    listed == wanted && has_file == piece.file.is_some()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
}

fn is_address(word: &str) -> bool {
    word.starts_with("https://") || word.starts_with("http://")
}
