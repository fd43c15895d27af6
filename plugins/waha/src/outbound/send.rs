//! Sending. What a text and two files become are two or three messages, sent one after the other.

use super::answer::{self, Effect};
use super::api::Api;
use super::compose::{Piece, pieces};
use super::{file, recipient};
use crate::address::{Address, in_full};
use crate::wire::{at, text};
use patchbay_plugin_sdk::{Failure, Outcome, Outgoing, Response, Step, TransportError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How far a send has come.
#[derive(Default, Serialize, Deserialize)]
struct Progress {
    /// The chat that it goes to; missing while it is looked for.
    chat: Option<String>,
    /// The messages sent so far.
    sent: Vec<String>,
}

/// Whoever never wrote may not be on WhatsApp, or under another number than they are called at: that is asked first.
pub fn begin(api: &Api, outgoing: &Outgoing) -> Result<Step, Failure> {
    let pieces = pieces(outgoing)?;
    let recipient = recipient::recipient(&outgoing.to, &outgoing.thread)?;
    match recipient.chat.digits().filter(|_| recipient.guessed && outgoing.last_inbound_at.is_none()) {
        Some(digits) => {
            let request = api.get("/api/contacts/check-exists").query("phone", digits).query("session", api.session());
            Ok(request.state(written(&Progress::default())?).into())
        }
        None => next(api, outgoing, &pieces, Progress { chat: Some(recipient.chat.into_string()), sent: Vec::new() }),
    }
}

pub fn resume(
    api: &Api,
    outgoing: &Outgoing,
    state: &[u8],
    response: Result<Response, TransportError>,
) -> Result<Step, Failure> {
    let mut progress: Progress = serde_json::from_slice(state)
        .map_err(|error| Failure::unknown(format!("the state of the send cannot be read: {error}")))?;
    let pieces = pieces(outgoing)?;
    if progress.chat.is_none() {
        progress.chat = Some(found(outgoing, response)?);
    } else {
        let sent = answer::sent(response).map_err(|failure| partial(failure, progress.sent.len(), pieces.len()))?;
        progress.sent.push(sent);
    }
    next(api, outgoing, &pieces, progress)
}

/// The chat of a number. An engine that cannot look numbers up leaves it at the number itself.
fn found(outgoing: &Outgoing, response: Result<Response, TransportError>) -> Result<String, Failure> {
    let guess = recipient::recipient(&outgoing.to, &outgoing.thread)?.chat.into_string();
    match answer::json(Effect::Reads, response) {
        Ok(answer) if at(&answer, &["numberExists"]).as_bool() == Some(false) => {
            Err(Failure::unreachable("the number is not on WhatsApp"))
        }
        Ok(answer) => Ok(text(&answer, "chatId").and_then(Address::parse).map_or(guess, Address::into_string)),
        Err(failure) if failure.kind == patchbay_plugin_sdk::FailureKind::Rejected => Ok(guess),
        Err(failure) => Err(failure),
    }
}

/// Once something was sent, sending it all again would repeat it: that is for a person to decide.
fn partial(failure: Failure, sent: usize, all: usize) -> Failure {
    if sent == 0 {
        return failure;
    }
    let message = format!("{sent} of {all} messages were sent, then: {}", failure.message);
    Failure { code: failure.code, ..Failure::unknown(message) }
}

fn next(api: &Api, outgoing: &Outgoing, pieces: &[Piece<'_>], progress: Progress) -> Result<Step, Failure> {
    let Some(piece) = pieces.get(progress.sent.len()) else { return Ok(Outcome::Sent(progress.sent).into()) };
    let chat = recipient::chat(progress.chat.as_deref().unwrap_or_default())?;
    let mut fields = piece.body.clone();
    fields.insert("session".to_owned(), json!(api.session()));
    fields.insert("chatId".to_owned(), json!(chat.as_str()));
    if let Some(id) = outgoing.reply_to.as_ref().filter(|_| progress.sent.is_empty()) {
        let author = Address::parse(&outgoing.to.id);
        fields.insert("reply_to".to_owned(), json!(in_full(false, &chat, id, author.as_ref())));
    }
    let request = api.request("POST", &format!("/api/{}", piece.call));
    let request = match piece.file {
        Some(attachment) => file::with_file(request, &fields, attachment),
        None => request.json(&Value::Object(fields)),
    };
    Ok(request.state(written(&progress)?).into())
}

fn written(progress: &Progress) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(progress).map_err(|error| Failure::rejected(error.to_string()))
}
