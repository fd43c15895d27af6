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
    /// How often the rest was put off.
    #[serde(default)]
    pauses: u32,
    /// What it answers is not there for WAHA: it goes without.
    #[serde(default)]
    alone: bool,
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
        None => {
            let progress = Progress { chat: Some(recipient.chat.into_string()), ..Progress::default() };
            next(api, outgoing, &pieces, progress, 0)
        }
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
        return next(api, outgoing, &pieces, progress, 0);
    }
    if !progress.alone && quotes_nothing(outgoing, &progress, &response) {
        return next(api, outgoing, &pieces, Progress { alone: true, ..progress }, 0);
    }
    let failure = match answer::sent(response) {
        Ok(sent) => {
            progress.sent.push(sent);
            return next(api, outgoing, &pieces, progress, 0);
        }
        Err(failure) => failure,
    };
    match failure.pause_ms(progress.pauses).filter(|_| !progress.sent.is_empty()) {
        Some(pause) => next(api, outgoing, &pieces, Progress { pauses: progress.pauses + 1, ..progress }, pause),
        None => Err(failure.after_some(progress.sent.len(), pieces.len())),
    }
}

/// An answer to one of our own messages quotes one of the contact's that does not exist. Nothing was sent.
fn quotes_nothing(outgoing: &Outgoing, progress: &Progress, response: &Result<Response, TransportError>) -> bool {
    let is_missing = response.as_ref().is_ok_and(|response| {
        let about_session = String::from_utf8_lossy(&response.body).to_ascii_lowercase().contains("session");
        response.status == 404 && !about_session
    });
    is_missing && outgoing.reply_to.is_some() && progress.sent.is_empty()
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

/// The request for the next message, made after `pause` milliseconds.
fn next(api: &Api, outgoing: &Outgoing, pieces: &[Piece<'_>], progress: Progress, pause: u64) -> Result<Step, Failure> {
    let Some(piece) = pieces.get(progress.sent.len()) else { return Ok(Outcome::Sent(progress.sent).into()) };
    let chat = recipient::chat(progress.chat.as_deref().unwrap_or_default())?;
    let mut fields = piece.body.clone();
    fields.insert("session".to_owned(), json!(api.session()));
    fields.insert("chatId".to_owned(), json!(chat.as_str()));
    if let Some(id) = outgoing.reply_to.as_ref().filter(|_| progress.sent.is_empty() && !progress.alone) {
        let author = Address::parse(&outgoing.to.id);
        fields.insert("reply_to".to_owned(), json!(in_full(false, &chat, id, author.as_ref())));
    }
    let request = api.request("POST", &format!("/api/{}", piece.call));
    let request = match piece.file {
        Some(attachment) => file::with_file(request, &fields, attachment),
        None => request.json(&Value::Object(fields)),
    };
    let request = request.state(written(&progress)?);
    Ok(if pause == 0 { request } else { request.after(pause) }.into())
}

fn written(progress: &Progress) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(progress).map_err(|error| Failure::rejected(error.to_string()))
}
