//! Fetching what no webhook told. In the development tier there are none: the comments of the page's latest posts are read,
//! a few calls at a time, because there are so few a day. In the standard tier LinkedIn keeps its notifications for sixty
//! days: those since the last time are read, so that nothing is missed when a webhook could not be delivered or its
//! subscription has ended. Whatever a notification leaves out is fetched as well.

use super::answer::{self, Effect};
use super::api::Api;
use super::round::{Round, Target};
use super::{setup, whole};
use crate::inbound::Context;
use crate::inbound::comment::Told;
use crate::inbound::notification::{self, Missing};
use crate::settings::Tier;
use crate::urn::{Comment, is_post};
use crate::wire::{items, text, time};
use patchbay_plugin_sdk::encoding::encode_component;
use patchbay_plugin_sdk::{
    Content, Event, Failure, FailureKind, MessageEdit, MessageRef, Outcome, Polled, Request, Response, Step, Timestamp,
    TransportError,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How far back the first round looks.
const FIRST_MS: u64 = 24 * 60 * 60 * 1000;
/// How far a round looks back behind the beginning of the one before: clocks differ, and some comments are late.
const OVERLAP_MS: u64 = 10 * 60 * 1000;
const PER_PAGE: usize = 100;
/// Comments of one post that are read in a round.
const MOST: usize = 500;
/// Requests that the engine makes for one command.
const REQUESTS: u32 = 8;
/// More than this is handed over before anything else is asked for.
const ENOUGH_BYTES: usize = 1 << 20;
const ACTIONS: &str = "List(COMMENT,COMMENT_EDIT,COMMENT_DELETE,ADMIN_COMMENT,SHARE_MENTION)";

/// A round, and what it read within this command.
#[derive(Serialize, Deserialize)]
struct Progress {
    round: Round,
    /// Requests that may still be made now.
    allowed: u32,
    requests: u32,
    found: Vec<Found>,
}

#[derive(Serialize, Deserialize)]
enum Found {
    Comment(Value),
    Notification(Value),
    /// A comment whose notification came without its text, perhaps by a webhook.
    Completed(Value),
    /// A post that mentions the page, in the same way.
    Mention(String, Value),
}

pub fn begin(api: &Api, cursor: Option<&str>, now: Timestamp) -> Result<Step, Failure> {
    let known = cursor.and_then(|cursor| serde_json::from_str(cursor).ok());
    let mut round: Round = known.unwrap_or_else(|| Round::since(now.saturating_sub(FIRST_MS)));
    if now < round.rests_until {
        return Ok(Outcome::Polled(Polled { events: Vec::new(), cursor: cursor.map(str::to_owned) }).into());
    }
    if round.ahead.is_empty() {
        round.begun = Some(now);
        match api.settings.access_tier {
            Tier::Development => round.look_at_posts(now),
            Tier::Standard => round.ahead.push_back(Target::Notifications(0)),
        }
    }
    let allowed = round.allowance(api.settings.calls_per_day(), now);
    go_on(api, Progress { round, allowed, requests: 0, found: Vec::new() }, now)
}

pub fn resume(
    api: &Api,
    state: &[u8],
    response: Result<Response, TransportError>,
    now: Timestamp,
) -> Result<Step, Failure> {
    let mut progress: Progress = serde_json::from_slice(state)
        .map_err(|error| Failure::temporary(format!("the state of the poll cannot be read: {error}")))?;
    let Some(target) = progress.round.ahead.pop_front() else { return Ok(handed_over(api, progress, now)) };
    let is_refused = response.as_ref().is_ok_and(|response| response.status == 403);
    match (answer::json(Effect::Reads, response, now), target) {
        (Ok(answer), target) => progress.take(api, target, answer, now),
        // What belongs to somebody else may be kept from us: what its notification says has to do.
        (Err(_), Target::Comment(_, notification)) if is_refused => {
            progress.found.push(Found::Notification(notification));
        }
        (Err(_), Target::Post(_)) if is_refused => {}
        // What is gone has nothing new.
        (Err(failure), _) if failure.kind == FailureKind::Rejected => {}
        (Err(failure), _) => return Err(failure),
    }
    go_on(api, progress, now)
}

fn go_on(api: &Api, mut progress: Progress, now: Timestamp) -> Result<Step, Failure> {
    let Some(target) = progress.round.ahead.front() else { return Ok(handed_over(api, progress, now)) };
    let request = request(api, target, &progress.round);
    if progress.allowed == 0 {
        progress.round.rest_until_more_may_be_spent(now);
        return Ok(handed_over(api, progress, now));
    }
    progress.allowed -= 1;
    progress.requests += 1;
    progress.round.spend();
    let state = serde_json::to_vec(&progress).map_err(|error| Failure::temporary(error.to_string()))?;
    if progress.requests > REQUESTS || state.len() > ENOUGH_BYTES {
        return Ok(handed_over(api, progress, now));
    }
    Ok(request.state(state).into())
}

fn request(api: &Api, target: &Target, round: &Round) -> Request {
    match target {
        Target::Posts => setup::posts(api, api.settings.posts()),
        Target::Comments(of, start) => api.comments(of, *start, PER_PAGE),
        Target::Notifications(start) => notifications(api, *start, round),
        Target::Comment(urn, _) => match Comment::parse(urn) {
            Some(comment) => api.get(&super::api::comment(&comment)),
            None => api.comments(urn, 0, 1),
        },
        Target::Post(urn) => whole::of_post(api, urn),
    }
}

/// Lists and records keep their parentheses, colons and commas; only the urn is escaped.
fn notifications(api: &Api, start: usize, round: &Round) -> Request {
    let (from, to) = (round.since, round.begun.unwrap_or(round.since));
    let page = encode_component(api.organization());
    api.get(&format!(
        "organizationalEntityNotifications?q=criteria&actions={ACTIONS}&organizationalEntity={page}\
         &timeRange=(start:{from},end:{to})&start={start}&count={PER_PAGE}"
    ))
}

impl Progress {
    fn take(&mut self, api: &Api, target: Target, answer: Value, now: Timestamp) {
        let elements = items(&answer, "elements");
        let is_full = elements.len() >= PER_PAGE;
        match target {
            Target::Posts => {
                let urns = elements.iter().filter_map(|post| text(post, &["id"])).filter(|urn| is_post(urn));
                self.round.list(urns.take(api.settings.posts()).map(str::to_owned).collect(), now);
            }
            Target::Comments(of, start) => {
                self.found.extend(elements.iter().cloned().map(Found::Comment));
                let next = start + elements.len();
                if is_full && next < MOST {
                    self.round.ahead.push_front(Target::Comments(of, next));
                }
            }
            Target::Notifications(start) => {
                for element in elements {
                    self.notified(api, element, now);
                }
                if is_full {
                    self.round.ahead.push_back(Target::Notifications(start + elements.len()));
                }
            }
            Target::Comment(..) => self.found.push(Found::Completed(answer)),
            Target::Post(urn) => self.found.push(Found::Mention(urn, answer)),
        }
    }

    fn notified(&mut self, api: &Api, element: &Value, now: Timestamp) {
        let key = element.get("notificationId").map_or_else(|| element.to_string(), Value::to_string);
        if !self.round.is_news(key, time(element, &["lastModifiedAt"]).unwrap_or(now)) {
            return;
        }
        match notification::missing(element, context(api, now)) {
            Some(Missing::Comment(comment)) => {
                self.round.ahead.push_back(Target::Comment(comment.to_string(), element.clone()));
                return;
            }
            Some(Missing::Post(urn)) => self.round.ahead.push_back(Target::Post(urn)),
            None => {}
        }
        self.found.push(Found::Notification(element.clone()));
    }
}

fn context(api: &Api, now: Timestamp) -> Context<'_> {
    Context { organization: api.organization(), at: now }
}

fn handed_over(api: &Api, progress: Progress, now: Timestamp) -> Step {
    let Progress { mut round, found, .. } = progress;
    let mut events = Vec::new();
    for found in &found {
        hand_over(found, context(api, now), &mut round, &mut events);
    }
    if round.ahead.is_empty() {
        round.complete(OVERLAP_MS, !events.is_empty(), now);
    }
    round.forget();
    Outcome::Polled(Polled { events, cursor: serde_json::to_string(&round).ok() }).into()
}

fn hand_over(found: &Found, context: Context<'_>, round: &mut Round, events: &mut Vec<Event>) {
    match found {
        Found::Comment(element) => commented(element, context, round, events),
        Found::Notification(element) => events.push(notification::event(element, context)),
        Found::Completed(element) => {
            let is_said = |told: &Told<'_>| told.text.is_some() && told.answers_somebody(context);
            if let Some(told) = Told::by_api(element, context).filter(is_said) {
                let at = changed(element).unwrap_or(told.at);
                events.push(Event::Message(told.message(told.is_own(context), None)));
                events.extend(told.writer().filter(|_| !told.is_own(context)));
                events.push(told.edit(at));
            }
        }
        Found::Mention(urn, post) => {
            if let Some(text) = text(post, &["commentary"]) {
                let at = time(post, &["lastModifiedAt"]).unwrap_or(context.at);
                let message = MessageRef::new(urn.as_str(), urn.as_str());
                events.push(Event::MessageEdited(MessageEdit { message, content: Content::text(text), at }));
            }
        }
    }
}

fn changed(element: &Value) -> Option<Timestamp> {
    time(element, &["lastModified", "time"])
}

/// A comment that was read among the others of its post.
fn commented(element: &Value, context: Context<'_>, round: &mut Round, events: &mut Vec<Event>) {
    let Some(told) = Told::by_api(element, context) else { return };
    let (urn, is_own) = (told.urn.to_string(), told.is_own(context));
    if told.parent.is_none() {
        round.follow(&urn, told.at);
    }
    if !told.answers_somebody(context) {
        return;
    }
    if round.is_news(urn.clone(), told.at) {
        events.push(Event::Message(told.message(is_own, None)));
    }
    if let Some(at) = changed(element).filter(|at| *at > told.at)
        && round.is_news(format!("{urn} {at}"), at)
    {
        events.push(told.edit(at));
    }
}
