//! Catching up: messages that no webhook told, because the session or the engine was away. What a webhook told as well
//! comes again under the same identifier.
//!
//! A round reads everything since the one before. An engine that can, answers for all chats at once; else the chats are
//! listed, and each that something was written in is read. A round that takes more requests than one command may make
//! goes on with the next poll, from its cursor.

use super::answer::{self, Effect};
use super::api::Api;
use super::round::{Place, Round, written};
use crate::address::{Address, Kind};
use crate::inbound::{Context, message, person, status};
use crate::wire::{at, text, text_at, time};
use patchbay_plugin_sdk::{
    DeliveryState, Event, Failure, FailureKind, Outcome, Polled, Request, Response, Step, Timestamp, TransportError,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::VecDeque;

/// How far back the first round looks.
const FIRST: u64 = 24 * 60 * 60;
/// How far a round looks back behind the beginning of the one before: clocks differ, and some messages are late.
const OVERLAP: u64 = 10 * 60;
const PER_PAGE: usize = 100;
const CHATS: usize = 100;
/// Requests that the engine makes for one command.
const REQUESTS: usize = 8;
/// More than this is handed over before anything else is asked for.
const ENOUGH_BYTES: usize = 1 << 20;
/// Files are downloaded by WAHA before it answers.
const TIMEOUT_MS: u32 = 60_000;

/// A round, and what it read within this command.
#[derive(Serialize, Deserialize)]
struct Progress {
    round: Round,
    requests: usize,
    messages: Vec<Value>,
}

pub fn begin(api: &Api, cursor: Option<&str>, now: Timestamp) -> Result<Step, Failure> {
    let now = now / 1000;
    let known = cursor.and_then(|cursor| serde_json::from_str(cursor).ok());
    let mut round: Round = known.unwrap_or_else(|| Round::since(now.saturating_sub(FIRST)));
    round.begun.get_or_insert(now);
    go_on(api, Progress { round, requests: 0, messages: Vec::new() }, now)
}

pub fn resume(
    api: &Api,
    state: &[u8],
    response: Result<Response, TransportError>,
    now: Timestamp,
) -> Result<Step, Failure> {
    let mut progress: Progress = serde_json::from_slice(state)
        .map_err(|error| Failure::temporary(format!("the state of the poll cannot be read: {error}")))?;
    let cannot = response.as_ref().is_ok_and(|response| matches!(response.status, 500 | 501));
    let answer = match answer::json(Effect::Reads, response) {
        Ok(answer) => answer.as_array().cloned(),
        // Not every engine can do everything: then there is another way, or nothing to find.
        Err(failure) if cannot || failure.kind == FailureKind::Rejected => None,
        Err(failure) => return Err(failure),
    };
    match progress.took(answer)? {
        Some(place) => progress.round.place = place,
        None => return Ok(done(progress, now / 1000)),
    }
    go_on(api, progress, now / 1000)
}

impl Progress {
    /// Takes an answer in, and says where to go on; nowhere when the round is complete.
    fn took(&mut self, answer: Option<Vec<Value>>) -> Result<Option<Place>, Failure> {
        let place = std::mem::take(&mut self.round.place);
        Ok(match (place, answer) {
            (Place::All(0), None) => Some(Place::List(0, false)),
            // An engine that cannot do this may also answer with nothing.
            (Place::All(0), Some(page)) if page.is_empty() => Some(Place::List(0, true)),
            (Place::All(from), Some(page)) => self.page(page).map(|length| Place::All(from + length)),
            (Place::List(_, true), None) => None,
            (Place::List(from, _), Some(page)) => self.listed(&page, from),
            (Place::Chats(chats, from, more), Some(page)) => match self.page(page) {
                Some(length) => Some(Place::Chats(chats, from + length, more)),
                None => after(chats, more),
            },
            (Place::Chats(chats, _, more), None) => {
                self.round.missed = true;
                after(chats, more)
            }
            (_, None) => return Err(Failure::temporary("WAHA does not tell what was written meanwhile")),
        })
    }

    /// The messages of a page; its length where another one may follow.
    fn page(&mut self, page: Vec<Value>) -> Option<usize> {
        let length = page.len();
        self.messages.extend(page.into_iter().map(without_raw));
        (length >= PER_PAGE).then_some(length)
    }

    /// Chats are listed by their last message, the newest first.
    fn listed(&self, page: &[Value], from: usize) -> Option<Place> {
        let is_new = |chat: &&Value| {
            let last = at(chat, &["lastMessage", "timestamp"]);
            time(last).is_none_or(|last| last / 1000 >= self.round.since)
        };
        let new: Vec<&Value> = page.iter().filter(is_new).collect();
        let more = (page.len() >= CHATS && new.len() == page.len()).then_some(from + page.len());
        let chats: VecDeque<String> = new.into_iter().filter_map(chat).collect();
        if chats.is_empty() { more.map(|from| Place::List(from, false)) } else { Some(Place::Chats(chats, 0, more)) }
    }
}

fn after(mut chats: VecDeque<String>, more: Option<usize>) -> Option<Place> {
    chats.pop_front();
    if chats.is_empty() { more.map(|from| Place::List(from, false)) } else { Some(Place::Chats(chats, 0, more)) }
}

fn chat(chat: &Value) -> Option<String> {
    let id = text(chat, "id").or_else(|| text_at(chat, &["id", "_serialized"]))?;
    Address::parse(id).filter(|address| address.kind() != Kind::Other).map(Address::into_string)
}

/// The engine's raw message is by far the most of it. Of that, only what it knows of people means something.
fn without_raw(mut message: Value) -> Value {
    let known = person::raw(&message);
    if let Some(fields) = message.as_object_mut() {
        fields.remove("_data");
        fields.extend(known.map(|known| ("_data".to_owned(), known)));
        if let Some(quoted) = fields.get_mut("replyTo").and_then(Value::as_object_mut) {
            quoted.remove("_data");
        }
    }
    message
}

fn go_on(api: &Api, mut progress: Progress, now: u64) -> Result<Step, Failure> {
    let request = match &progress.round.place {
        Place::All(from) => messages(api, "all", *from, progress.round.since),
        Place::Chats(chats, from, _) => {
            messages(api, chats.front().map(String::as_str).unwrap_or_default(), *from, progress.round.since)
        }
        Place::List(from, _) => {
            let request = api.get(&api.of_session(["chats", "overview"]));
            request.query("limit", &CHATS.to_string()).query("offset", &from.to_string())
        }
    };
    progress.requests += 1;
    let state = serde_json::to_vec(&progress).map_err(|error| Failure::temporary(error.to_string()))?;
    if progress.requests > REQUESTS || state.len() > ENOUGH_BYTES {
        return Ok(handed_over(progress, now));
    }
    Ok(request.state(state).into())
}

fn messages(api: &Api, chat: &str, from: usize, since: u64) -> Request {
    let request = api.get(&api.of_session(["chats", chat, "messages"])).query("limit", &PER_PAGE.to_string());
    let request = request.query("offset", &from.to_string()).query("filter.timestamp.gte", &since.to_string());
    request.query("sortBy", "timestamp").query("sortOrder", "asc").query("downloadMedia", "true").timeout(TIMEOUT_MS)
}

fn done(mut progress: Progress, now: u64) -> Step {
    let round = &mut progress.round;
    let begun = round.begun.unwrap_or(now);
    // What cannot be read for a day is given up.
    let unread = round.since.max(begun.saturating_sub(FIRST));
    let since = if round.missed { unread } else { begun.saturating_sub(OVERLAP) };
    *round = Round { seen: std::mem::take(&mut round.seen), ..Round::since(since) };
    handed_over(progress, now)
}

fn handed_over(progress: Progress, now: u64) -> Step {
    let Progress { mut round, mut messages, .. } = progress;
    messages.retain(|message| round.is_news(message));
    round.forget();
    messages.sort_by_key(written);
    let events = messages.iter().flat_map(|message| events(message, now)).collect();
    Outcome::Polled(Polled { events, cursor: serde_json::to_string(&round).ok() }).into()
}

/// A message; and of one that the business wrote, what became of it.
fn events(message: &Value, now: u64) -> Vec<Event> {
    let context = Context { at: now * 1000, me: None };
    let direction = message::Direction::told(message);
    let mut events = vec![message::event(message, direction, &context)];
    let reached = status::state(message).is_some_and(|state| state != DeliveryState::Accepted);
    if direction == message::Direction::Echo && reached {
        events.push(status::event(message, &context));
    }
    events
}
