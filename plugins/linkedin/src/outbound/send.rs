//! Sending: a comment on the post, in answer to the comment that the conversation is.
//!
//! LinkedIn takes no key by which a repeated call is recognised. Where it is not certain whether a comment went out, it is
//! looked for among those that are there.

use super::answer::{self, Effect};
use super::api::{Api, comments_of};
use crate::urn::{Comment, Thread};
use crate::wire::{items, text, time};
use patchbay_plugin_sdk::{Failure, Outcome, Outgoing, Response, Step, Timestamp, TransportError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Comments that are looked through.
const LOOKED_THROUGH: usize = 100;
/// LinkedIn's clock may be behind ours.
const CLOCKS_DIFFER_MS: u64 = 10 * 1000;

/// How far a send has come.
#[derive(Serialize, Deserialize)]
struct Progress {
    begun: Timestamp,
    /// Why it is not certain, while the comment is looked for.
    unclear: Option<String>,
}

pub fn begin(api: &Api, outgoing: &Outgoing, now: Timestamp) -> Result<Step, Failure> {
    let (thread, text) = (thread(&outgoing.thread)?, written(outgoing)?);
    let mut body = Map::from_iter([
        ("actor".to_owned(), json!(api.organization())),
        ("object".to_owned(), json!(thread.post())),
        ("message".to_owned(), json!({"text": text})),
    ]);
    if let Thread::Comment(comment) = &thread {
        body.insert("parentComment".to_owned(), json!(comment.to_string()));
    }
    let request = api.request("POST", &comments_of(&thread)).json(&Value::Object(body));
    Ok(request.state(state(&Progress { begun: now, unclear: None })?).into())
}

/// What the conversation is about.
pub fn thread(thread: &str) -> Result<Thread, Failure> {
    Thread::parse(thread)
        .ok_or_else(|| Failure::rejected("the conversation is about no comment and no post of LinkedIn"))
}

/// A comment has nothing but a text.
fn written(outgoing: &Outgoing) -> Result<&str, Failure> {
    let content = &outgoing.content;
    if !content.attachments.is_empty() || content.detail.is_some() {
        return Err(Failure::unsupported("LinkedIn takes nothing but text in a comment"));
    }
    let text = content.text.as_deref().filter(|text| !text.trim().is_empty());
    text.ok_or_else(|| Failure::rejected("the message is empty"))
}

fn state(progress: &Progress) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(progress).map_err(|error| Failure::rejected(error.to_string()))
}

pub fn resume(
    api: &Api,
    outgoing: &Outgoing,
    state: &[u8],
    response: Result<Response, TransportError>,
    now: Timestamp,
) -> Result<Step, Failure> {
    let progress: Progress = serde_json::from_slice(state)
        .map_err(|error| Failure::unknown(format!("the state of the send cannot be read: {error}")))?;
    match progress.unclear {
        Some(why) => found(api, outgoing, progress.begun, &why, response, now),
        None => sent(api, outgoing, progress.begun, response, now),
    }
}

fn sent(
    api: &Api,
    outgoing: &Outgoing,
    begun: Timestamp,
    response: Result<Response, TransportError>,
    now: Timestamp,
) -> Result<Step, Failure> {
    let unclear = match &response {
        Ok(answer) if answer.status >= 500 => Some(format!("LinkedIn answered {}", answer.status)),
        Err(TransportError::Unknown(reason)) => Some(reason.clone()),
        Ok(_) | Err(_) => None,
    };
    if let Some(why) = unclear {
        let progress = Progress { begun, unclear: Some(why) };
        let request = api.comments(&outgoing.thread, 0, LOOKED_THROUGH);
        return Ok(request.state(self::state(&progress)?).into());
    }
    let response = answer::success(Effect::Sends, response, now)?;
    let id = named(&response, &thread(&outgoing.thread)?)
        .ok_or_else(|| Effect::Sends.unreadable("the comment has neither an urn nor an id"))?;
    Ok(Outcome::Sent(vec![id.to_string()]).into())
}

/// The comment's urn stands in the body, its number in a header as well.
fn named(response: &Response, thread: &Thread) -> Option<Comment> {
    let body: Value = response.json().unwrap_or_default();
    let urn = text(&body, &["commentUrn"]).and_then(Comment::parse);
    let header = response.header("x-restli-id").map(str::trim);
    let object = text(&body, &["object"]).unwrap_or(thread.post());
    let number = || Comment::of(object, header.or_else(|| text(&body, &["id"]))?);
    urn.or_else(|| header.and_then(Comment::parse)).or_else(number)
}

/// The comment among those that are there now, if it is.
fn found(
    api: &Api,
    outgoing: &Outgoing,
    begun: Timestamp,
    why: &str,
    response: Result<Response, TransportError>,
    now: Timestamp,
) -> Result<Step, Failure> {
    let unknown = |reason: &str| Failure::unknown(format!("{why}; {reason}"));
    let listed = answer::json(Effect::Reads, response, now)
        .map_err(|_| unknown("whether the comment is there could not be looked up"))?;
    let is_ours = |element: &&Value| {
        text(element, &["actor"]) == Some(api.organization())
            && text(element, &["message", "text"]) == outgoing.content.text.as_deref()
            && time(element, &["created", "time"]).is_some_and(|at| at + CLOCKS_DIFFER_MS >= begun)
    };
    let ours = items(&listed, "elements").iter().filter(is_ours);
    let urn = ours.filter_map(|element| text(element, &["commentUrn"])).find_map(Comment::parse);
    let urn = urn.ok_or_else(|| unknown("the comment is not among those that LinkedIn lists"))?;
    Ok(Outcome::Sent(vec![urn.to_string()]).into())
}
