//! A notification: one thing that happened on the page, with the post and the comment that it is about where LinkedIn
//! decorates it with them.

use super::Context;
use super::comment::{Told, participant, post};
use crate::lookup::Lookup;
use crate::urn::{Comment, is_post};
use crate::wire::{at, text, time};
use patchbay_plugin_sdk::{Content, Detail, Event, Message, Timestamp};
use serde_json::{Value, json};

pub fn event(notification: &Value, context: Context<'_>) -> Event {
    let organization = text(notification, &["organizationalEntity"]);
    if organization.is_some_and(|organization| organization != context.organization) {
        return Event::ignored("a notification of another page");
    }
    match text(notification, &["action"]).unwrap_or_default() {
        "COMMENT" => commented(notification, context, false),
        "ADMIN_COMMENT" => commented(notification, context, true),
        "COMMENT_EDIT" => match comment(notification, context) {
            Some(told) if told.text.is_some() => told.edit(happened(notification, context)),
            Some(_) => Event::ignored("a comment's edit that does not say its new text"),
            None => unnamed(),
        },
        "COMMENT_DELETE" => comment(notification, context).map_or_else(unnamed, |told| told.deletion()),
        "SHARE_MENTION" => mentioned(notification, context),
        "LIKE" => Event::ignored("a reaction to a post"),
        "SHARE" => Event::ignored("a post was shared"),
        _ => Event::ignored("a notification of a kind that is not known"),
    }
}

fn unnamed() -> Event {
    Event::ignored("a notification that does not name its comment")
}

fn happened(notification: &Value, context: Context<'_>) -> Timestamp {
    time(notification, &["lastModifiedAt"]).unwrap_or(context.at)
}

/// The comment that a notification is about, as far as it tells.
fn comment<'a>(notification: &'a Value, context: Context<'_>) -> Option<Told<'a>> {
    let decoration = at(notification, &["decoratedGeneratedActivity", "comment"]);
    let names = [text(notification, &["generatedActivity"]), text(decoration, &["entity"])];
    let urn = names.into_iter().flatten().find_map(Comment::parse)?;
    let above = ["parentComment", "object"].into_iter().filter_map(|name| text(decoration, &[name]));
    let parent = above.filter_map(Comment::parse).find(|parent| *parent != urn);
    let (post_urn, post_text) = source(notification, &urn);
    let metadata = post(post_urn, post_text);
    Some(Told {
        parent,
        author: text(decoration, &["owner"]),
        text: text(decoration, &["text"]),
        at: happened(notification, context),
        metadata,
        urn,
        whole: notification,
    })
}

/// A notification hardly ever names the comment that this one answers: LinkedIn is asked.
fn commented(notification: &Value, context: Context<'_>, by_page: bool) -> Event {
    let Some(told) = comment(notification, context) else { return unnamed() };
    let is_whole = told.parent.is_some() && told.text.is_some();
    let (post, post_text) = source(notification, &told.urn);
    let (post, post_text) = (post.to_owned(), post_text.map(str::to_owned));
    let lookup = (!is_whole).then(|| Lookup::Comment { urn: told.urn.to_string(), post, post_text });
    Event::Message(told.message(by_page || told.is_own(context), lookup.as_ref()))
}

/// The post that somebody commented on, and its text.
fn source<'a>(notification: &'a Value, comment: &'a Comment) -> (&'a str, Option<&'a str>) {
    let post = text(notification, &["sourcePost"]).unwrap_or(comment.post());
    (post, text(notification, &["decoratedSourcePost", "text"]))
}

/// Somebody mentions the page in a post of their own.
fn mentioned(notification: &Value, context: Context<'_>) -> Event {
    let Some(urn) = mention(notification) else {
        return Event::ignored("a mention of the page that is in no post");
    };
    let share = at(notification, &["decoratedGeneratedActivity", "share"]);
    let author = text(share, &["owner"]);
    if author == Some(context.organization) {
        return Event::ignored("the page mentions itself");
    }
    let content = match text(share, &["text"]) {
        Some(text) => Content::text(text),
        None => Content { detail: Some(Detail::Unsupported(notification.to_string())), ..Content::empty() },
    };
    let lookup = content.text.is_none().then(|| Lookup::Post { urn: urn.to_owned() });
    Event::Message(mention_of(urn, author, happened(notification, context), content, lookup.as_ref()))
}

/// A post that mentions the page, which is a conversation.
pub fn mention_of(
    urn: &str,
    author: Option<&str>,
    at: Timestamp,
    content: Content,
    lookup: Option<&Lookup>,
) -> Message {
    let metadata = json!({"type": "mention", "post": urn}).to_string();
    let sender = participant(author.unwrap_or(urn));
    let message = Message { thread: urn.to_owned(), metadata, ..Message::new(urn, sender, at, content) };
    match lookup {
        Some(lookup) => message.to_be_asked_for(&lookup.cursor()),
        None => message,
    }
}

fn mention(notification: &Value) -> Option<&str> {
    let entity = text(notification, &["decoratedGeneratedActivity", "share", "entity"]);
    [text(notification, &["generatedActivity"]), entity].into_iter().flatten().find(|urn| is_post(urn))
}

/// What a notification leaves out, so that it has to be fetched.
#[derive(Debug, PartialEq, Eq)]
pub enum Missing {
    Comment(Comment),
    Post(String),
}

pub fn missing(notification: &Value, context: Context<'_>) -> Option<Missing> {
    let is_ours = text(notification, &["organizationalEntity"]).is_none_or(|known| known == context.organization);
    match text(notification, &["action"]).filter(|_| is_ours)? {
        "COMMENT" | "ADMIN_COMMENT" | "COMMENT_EDIT" => {
            comment(notification, context).filter(|told| told.text.is_none()).map(|told| Missing::Comment(told.urn))
        }
        "SHARE_MENTION" if text(notification, &["decoratedGeneratedActivity", "share", "text"]).is_none() => {
            mention(notification).map(|urn| Missing::Post(urn.to_owned()))
        }
        _ => None,
    }
}
