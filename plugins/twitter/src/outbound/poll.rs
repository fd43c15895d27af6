//! Catching up: messages of the last days that no webhook told. X lists them from the newest on, in pages, and each one
//! that is read costs money: what is known ends the round.

use super::answer::Effect;
use super::api::Api;
use crate::inbound::person::People;
use crate::snowflake;
use crate::wire::{at, id, iso_time, items, text};
use crate::written::{file, written};
use patchbay_plugin_sdk::{
    Content, Detail, Event, Failure, Message, Outcome, Polled, Response, Step, Timestamp, TransportError,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How far back the first round looks.
const FIRST_MS: u64 = 24 * 60 * 60 * 1000;
/// How much the pages of one round hold: when nothing is new, one message says so. What is older is read by the next
/// round.
const PAGES: [&str; 4] = ["1", "20", "50", "50"];

/// Where the rounds are: the cursor between them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Round {
    /// The latest message that was handed over with all before it.
    since: u64,
    /// The latest that was seen since.
    latest: u64,
    /// The page to go on with, where the round before did not come to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Progress {
    round: Round,
    pages: usize,
    /// As X listed them, with what is told of people and files.
    listed: Vec<Value>,
}

pub fn begin(api: &Api<'_>, cursor: Option<&str>) -> Result<Step, Failure> {
    let round: Round = cursor.and_then(|cursor| serde_json::from_str(cursor).ok()).unwrap_or_default();
    // A round that goes on has something new.
    let pages = usize::from(round.page.is_some());
    ask(api, Progress { round, pages, listed: Vec::new() })
}

pub fn resume(api: &Api<'_>, state: &[u8], response: Result<Response, TransportError>) -> Result<Step, Failure> {
    let mut progress: Progress = serde_json::from_slice(state)
        .map_err(|error| Failure::temporary(format!("the state of the poll cannot be read: {error}")))?;
    let answer = Effect::Repeatable.json(response, api.now())?;
    let round = &mut progress.round;
    let earliest = api.now().saturating_sub(FIRST_MS);
    let (mut listed, mut reached) = (Vec::new(), false);
    for event in items(&answer, &["data"]) {
        let Some(number) = id(event, &["id"]).as_deref().and_then(snowflake::number) else { continue };
        let too_old = round.since == 0 && time(event).is_some_and(|time| time < earliest);
        if number <= round.since || too_old {
            reached = true;
            continue;
        }
        round.latest = round.latest.max(number);
        listed.push(event.clone());
    }
    progress.listed.push(json!({"data": listed, "includes": at(&answer, &["includes"])}));
    round.page = text(&answer, &["meta", "next_token"]).filter(|_| !reached).map(str::to_owned);
    if round.page.is_none() {
        round.since = round.since.max(round.latest);
        return Ok(handed_over(api, &progress));
    }
    ask(api, progress)
}

fn ask(api: &Api<'_>, mut progress: Progress) -> Result<Step, Failure> {
    let Some(size) = PAGES.get(progress.pages) else { return Ok(handed_over(api, &progress)) };
    progress.pages += 1;
    let request = api.request("GET", "/2/dm_events").idempotent();
    let request = request.query("max_results", size).query("event_types", "MessageCreate");
    let request =
        request.query("dm_event.fields", "id,text,event_type,created_at,dm_conversation_id,attachments,entities");
    let request = request.query("expansions", "sender_id,attachments.media_keys");
    let request = request.query("user.fields", "name,username,profile_image_url");
    let request = request.query("media.fields", "media_key,type,url,variants");
    let request = match &progress.round.page {
        Some(page) => request.query("pagination_token", page),
        None => request,
    };
    let state = serde_json::to_vec(&progress).map_err(|error| Failure::temporary(error.to_string()))?;
    Ok(api.authorised(request.state(state))?.into())
}

/// From the oldest on.
fn handed_over(api: &Api<'_>, progress: &Progress) -> Step {
    let of_page = |page: &Value| -> Vec<Message> {
        let people = People::new([at(page, &["includes"]), &Value::Null]);
        items(page, &["data"]).iter().filter_map(|event| message(event, page, &people, api)).collect()
    };
    let mut messages: Vec<Message> = progress.listed.iter().flat_map(of_page).collect();
    messages.sort_by_key(|message| snowflake::number(&message.id));
    let events = messages.into_iter().map(Event::Message).collect();
    Outcome::Polled(Polled { events, cursor: serde_json::to_string(&progress.round).ok() }).into()
}

/// The same as its webhook would have told.
fn message(event: &Value, page: &Value, people: &People<'_>, api: &Api<'_>) -> Option<Message> {
    if text(event, &["event_type"]).is_some_and(|kind| kind != "MessageCreate") {
        return None;
    }
    let (id, sender) = (id(event, &["id"])?, id(event, &["sender_id"])?);
    let account = api.settings().user_id.as_str();
    let echo = sender == account;
    // Conversations of several have no such name, and no webhook tells of them.
    let (one, two) = text(event, &["dm_conversation_id"])?.split_once('-')?;
    let contact = if echo && one == account {
        two
    } else if echo {
        one
    } else {
        &sender
    };
    let sent_at = time(event).unwrap_or_else(|| api.now());
    let content = content(event, page);
    Some(Message { echo, ..Message::new(id, people.participant(contact), sent_at, content) })
}

fn time(event: &Value) -> Option<Timestamp> {
    text(event, &["created_at"]).and_then(iso_time).or_else(|| snowflake::time(&id(event, &["id"])?))
}

fn content(event: &Value, page: &Value) -> Content {
    let keys = items(event, &["attachments", "media_keys"]);
    let media: Vec<&Value> =
        items(page, &["includes", "media"]).iter().filter(|media| keys.contains(at(media, &["media_key"]))).collect();
    let first = media.first().copied().unwrap_or(&Value::Null);
    let attachments: Vec<_> = media.iter().filter_map(|media| file(media)).collect();
    let links = items(event, &["entities", "urls"]);
    let detail = (attachments.len() < keys.len())
        .then(|| Detail::Unsupported(json!({"attachments": at(event, &["attachments"]), "media": media}).to_string()));
    Content { text: written(text(event, &["text"]).unwrap_or_default(), links, first), attachments, detail }
}
