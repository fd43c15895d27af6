//! A message that its notification told only in part, as LinkedIn tells it when asked.

use super::answer::{self, Effect};
use super::api::{self, Api};
use crate::inbound::Context;
use crate::inbound::comment::{self, Told};
use crate::inbound::notification::mention_of;
use crate::lookup::Lookup;
use crate::urn::Comment;
use crate::wire::{text, time};
use patchbay_plugin_sdk::encoding::encode_component;
use patchbay_plugin_sdk::{
    Content, Event, Failure, Message, Outcome, Polled, Request, Response, Step, Timestamp, TransportError,
};
use serde_json::Value;

/// Others wait meanwhile.
const PATIENCE_MS: u32 = 10_000;

pub fn begin(api: &Api, lookup: &Lookup) -> Result<Step, Failure> {
    let request = match lookup {
        Lookup::Comment { urn, .. } => of_comment(api, urn)?,
        Lookup::Post { urn } => of_post(api, urn),
    };
    Ok(request.timeout(PATIENCE_MS).into())
}

fn of_comment(api: &Api, urn: &str) -> Result<Request, Failure> {
    let urn = Comment::parse(urn).ok_or_else(|| Failure::rejected("no comment is named"))?;
    Ok(api.get(&api::comment(&urn)))
}

pub fn of_post(api: &Api, urn: &str) -> Request {
    api.get(&format!("posts/{}", encode_component(urn)))
}

pub fn resume(
    api: &Api,
    lookup: &Lookup,
    response: Result<Response, TransportError>,
    now: Timestamp,
) -> Result<Step, Failure> {
    // What belongs to somebody else may be kept from the page, whose token is not at fault.
    if response.as_ref().is_ok_and(|response| response.status == 403) {
        return Err(Failure::rejected("LinkedIn does not tell the page of this"));
    }
    let answer = answer::json(Effect::Reads, response, now)?;
    let context = Context { organization: api.organization(), at: now };
    let message = match lookup {
        Lookup::Comment { urn, post, post_text } => {
            let told = Told::by_api(&answer, context).filter(|told| told.urn.to_string() == *urn);
            let told = told.ok_or_else(|| Effect::Reads.unreadable("it is not the comment that was asked for"))?;
            let told = Told { metadata: comment::post(post, post_text.as_deref()), ..told };
            told.answers_somebody(context).then(|| told.message(told.is_own(context), None))
        }
        Lookup::Post { urn } => mention(urn, &answer, context)?,
    };
    let events = message.map(Event::Message).into_iter().collect();
    Ok(Outcome::Polled(Polled { events, cursor: None }).into())
}

/// None of the page's own.
fn mention(urn: &str, post: &Value, context: Context<'_>) -> Result<Option<Message>, Failure> {
    let author = text(post, &["author"]);
    let said = text(post, &["commentary"]).ok_or_else(|| Failure::rejected("the post has no text"))?;
    let at = time(post, &["publishedAt"]).or_else(|| time(post, &["createdAt"])).unwrap_or(context.at);
    let is_own = author == Some(context.organization);
    Ok((!is_own).then(|| mention_of(urn, author, at, Content::text(said), None)))
}
