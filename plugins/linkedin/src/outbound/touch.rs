//! What is done to a comment of the page's own: editing and deleting it. Both may be done twice.

use super::api::{Api, comment};
use crate::urn::Comment;
use patchbay_plugin_sdk::{Failure, MessageRef, OutgoingEdit, Step};
use serde_json::json;

pub fn edit(api: &Api, edit: &OutgoingEdit) -> Result<Step, Failure> {
    let text = edit.content.text.as_deref().filter(|text| !text.trim().is_empty());
    let text =
        text.ok_or_else(|| Failure::rejected("only a comment's text can be edited, and the new one is empty"))?;
    let request = api.request("POST", &comment(&named(&edit.message)?));
    let request = request.header("x-restli-method", "PARTIAL_UPDATE").idempotent();
    Ok(request.json(&json!({"patch": {"message": {"$set": {"text": text}}}})).into())
}

pub fn delete(api: &Api, deleted: &MessageRef) -> Result<Step, Failure> {
    let request = api.request("DELETE", &comment(&named(deleted)?)).query("actor", api.organization());
    Ok(request.idempotent().into())
}

fn named(message: &MessageRef) -> Result<Comment, Failure> {
    Comment::parse(&message.id).ok_or_else(|| Failure::rejected("only comments can be edited or deleted"))
}
