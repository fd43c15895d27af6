//! What is done to a message that exists: reacting, editing, deleting. All of it may be done twice.

use super::answer::{self, Effect};
use super::api::Api;
use super::recipient::chat;
use crate::address::{Address, in_full};
use patchbay_plugin_sdk::{
    Failure, FailureKind, MessageRef, Outcome, OutgoingEdit, OutgoingReaction, Request, Response, Step, TransportError,
};
use serde_json::json;

/// Whose message it is. Its identifier in full begins with that, and the engine knows the rest of it only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    Contact,
    Business,
}

/// In the request's state, the author to whose message the reaction was.
const BUSINESS: &[u8] = b"business";

pub fn react(api: &Api, reaction: &OutgoingReaction, author: Author) -> Result<Step, Failure> {
    let OutgoingReaction { message, to, emoji } = reaction;
    let writer = Address::parse(&to.id).filter(|_| author == Author::Contact);
    let id = in_full(author == Author::Business, &chat(&message.thread)?, &message.id, writer.as_ref());
    let body = json!({"session": api.session(), "messageId": id, "reaction": emoji.as_deref().unwrap_or_default()});
    let state = if author == Author::Business { BUSINESS } else { b"" };
    Ok(api.request("PUT", "/api/reaction").json(&body).idempotent().state(state).into())
}

/// Most reactions are to what a contact wrote. When there is no such message, it is tried as one of the business.
pub fn reacted(
    api: &Api,
    reaction: &OutgoingReaction,
    state: &[u8],
    response: Result<Response, TransportError>,
) -> Result<Step, Failure> {
    let unknown_to_server = response.as_ref().is_ok_and(|response| matches!(response.status, 404 | 500));
    match answer::success(Effect::Changes, response) {
        Ok(_) => Ok(Outcome::Ok.into()),
        Err(failure) if unknown_to_server && state != BUSINESS && failure.kind != FailureKind::Unauthorized => {
            react(api, reaction, Author::Business)
        }
        Err(failure) => Err(failure),
    }
}

/// Only what the business wrote can be edited.
pub fn edit(api: &Api, edit: &OutgoingEdit) -> Result<Step, Failure> {
    let caption = || edit.content.attachments.first()?.caption.as_deref();
    let text = edit.content.text.as_deref().or_else(caption).filter(|text| !text.is_empty());
    let Some(text) = text else {
        return Err(Failure::rejected("only a message's text can be edited, and the new one is empty"));
    };
    Ok(message(api, "PUT", &edit.message)?.json(&json!({"text": text})).into())
}

pub fn delete(api: &Api, deleted: &MessageRef) -> Result<Step, Failure> {
    Ok(message(api, "DELETE", deleted)?.into())
}

fn message(api: &Api, method: &str, message: &MessageRef) -> Result<Request, Failure> {
    let chat = chat(&message.thread)?;
    let id = in_full(true, &chat, &message.id, None);
    Ok(api.request(method, &api.of_session(["chats", chat.as_str(), "messages", &id])).idempotent())
}
