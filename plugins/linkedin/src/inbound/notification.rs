//! A notification: one thing that happened on the page, with the post and the comment that it is about where LinkedIn
//! decorates it with them.

use super::Context;
use super::comment::{Told, participant, post};
use crate::urn::{Comment, is_post};
use crate::wire::{at, text, time};
use patchbay_plugin_sdk::{Content, Detail, Event, Message, Timestamp};
use serde_json::{Map, Value, json};

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
    Some(Told {
        parent,
        author: text(decoration, &["owner"]),
        text: text(decoration, &["text"]),
        at: happened(notification, context),
        metadata: source(notification, urn.post()),
        urn,
        whole: notification,
    })
}

fn commented(notification: &Value, context: Context<'_>, by_page: bool) -> Event {
    comment(notification, context).map_or_else(unnamed, |told| told.message(by_page || told.is_own(context)))
}

/// The post that somebody commented on.
fn source(notification: &Value, under: &str) -> Map<String, Value> {
    let mut post = post(text(notification, &["sourcePost"]).unwrap_or(under));
    if let Some(text) = text(notification, &["decoratedSourcePost", "text"]) {
        post.insert("postText".to_owned(), Value::from(text));
    }
    post
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
    Event::Message(Message {
        thread: urn.to_owned(),
        metadata: json!({"type": "mention", "post": urn}).to_string(),
        ..Message::new(urn, participant(author.unwrap_or(urn)), happened(notification, context), content)
    })
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
