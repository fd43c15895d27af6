//! A comment, as a notification and the API tell of it.

use super::Context;
use crate::lookup::Lookup;
use crate::urn::Comment;
use crate::wire::{text, time};
use patchbay_plugin_sdk::{Content, Detail, Event, Message, MessageEdit, MessageRef, Participant, Timestamp};
use serde_json::{Map, Value};

/// What is known of a comment.
pub struct Told<'a> {
    pub urn: Comment,
    /// The comment that it answers.
    pub parent: Option<Comment>,
    pub author: Option<&'a str>,
    pub text: Option<&'a str>,
    pub at: Timestamp,
    pub metadata: Map<String, Value>,
    /// As it came.
    pub whole: &'a Value,
}

impl<'a> Told<'a> {
    /// A comment of the API.
    pub fn by_api(element: &'a Value, context: Context<'_>) -> Option<Self> {
        let named = text(element, &["commentUrn"]).and_then(Comment::parse);
        let urn = named.or_else(|| Comment::of(text(element, &["object"])?, text(element, &["id"])?))?;
        let parent = text(element, &["parentComment"]).and_then(Comment::parse).filter(|parent| *parent != urn);
        Some(Self {
            parent,
            author: text(element, &["actor"]).or_else(|| text(element, &["created", "actor"])),
            text: text(element, &["message", "text"]),
            at: time(element, &["created", "time"]).unwrap_or(context.at),
            metadata: post(urn.post(), None),
            urn,
            whole: element,
        })
    }

    /// A conversation is a comment and the answers to it: LinkedIn has these two levels.
    pub fn thread(&self) -> String {
        self.parent.as_ref().unwrap_or(&self.urn).to_string()
    }

    pub fn is_own(&self, context: Context<'_>) -> bool {
        self.author == Some(context.organization)
    }

    /// What the page writes by itself does not.
    pub fn answers_somebody(&self, context: Context<'_>) -> bool {
        self.parent.is_some() || !self.is_own(context)
    }

    pub fn content(&self) -> Content {
        match self.text {
            Some(text) => Content::text(text),
            // Its text can be fetched: `outbound::poll` does.
            None => Content { detail: Some(Detail::Unsupported(self.whole.to_string())), ..Content::empty() },
        }
    }

    pub fn message(&self, echo: bool, lookup: Option<&Lookup>) -> Message {
        let mut metadata = self.metadata.clone();
        // Several people may write in one conversation.
        metadata.extend(self.author.map(|author| ("author".to_owned(), Value::from(author))));
        let (urn, thread) = (self.urn.to_string(), self.thread());
        // The other side of what the page wrote itself is whoever began the conversation.
        let other = self.author.filter(|_| !echo).unwrap_or(&thread);
        let mut sender = participant(other);
        if self.parent.is_some() && !echo {
            // Later notifications may name only the answer: they find the conversation by it.
            sender.aliases.push(urn.clone());
        }
        let message = Message {
            thread: thread.clone(),
            echo,
            reply_to: self.parent.as_ref().map(Comment::to_string),
            metadata: Value::Object(metadata).to_string(),
            ..Message::new(urn, sender, self.at, self.content())
        };
        match lookup {
            Some(lookup) => message.to_be_asked_for(&lookup.cursor()),
            None => message,
        }
    }

    /// Who wrote what was kept under the comment's own name, because nobody told.
    pub fn writer(&self) -> Option<Event> {
        let person = participant(self.author?);
        Some(Event::Contact(Participant { aliases: vec![self.urn.to_string()], ..person }))
    }

    pub fn edit(&self, at: Timestamp) -> Event {
        Event::MessageEdited(MessageEdit { message: self.reference(), content: self.content(), at })
    }

    pub fn deletion(&self) -> Event {
        Event::MessageDeleted(self.reference())
    }

    fn reference(&self) -> MessageRef {
        MessageRef::new(self.thread(), self.urn.to_string())
    }
}

/// Where it was written, for whoever answers: a comment, and on which post.
pub fn post(urn: &str, text: Option<&str>) -> Map<String, Value> {
    let fields = [("type", Some("comment")), ("post", Some(urn)), ("postText", text)];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?)))).collect()
}

/// Somebody on LinkedIn, whose name it does not tell and nobody may keep.
pub fn participant(urn: &str) -> Participant {
    let name = if urn.starts_with("urn:li:organization") { "LinkedIn page" } else { "LinkedIn member" };
    Participant { name: Some(name.to_owned()), ..Participant::new(urn) }
}
