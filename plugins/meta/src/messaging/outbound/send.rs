//! Sending: one message after the other, a stored file uploaded first where the platform takes uploads.

use super::compose::{Piece, pieces};
use super::{answer, file, recipient, window};
use crate::messaging::Account;
use patchbay_plugin_sdk::{Failure, Outcome, Outgoing, Request, Response, Step, Timestamp, TransportError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// How far a send has come.
#[derive(Default, Serialize, Deserialize)]
struct Progress {
    /// As what it goes out, decided once.
    window: Map<String, Value>,
    /// The messages accepted so far.
    sent: Vec<String>,
    /// The file of the next message, where it was uploaded.
    uploaded: Option<String>,
    /// How often the rest was put off.
    #[serde(default)]
    pauses: u32,
}

pub fn begin(account: &Account, outgoing: &Outgoing, now: Timestamp) -> Result<Step, Failure> {
    let pieces = pieces(account, &outgoing.content, &outgoing.metadata)?;
    let window = window::fields(account, outgoing, now)?;
    next(account, outgoing, &pieces, Progress { window, ..Progress::default() }, 0)
}

pub fn resume(
    account: &Account,
    outgoing: &Outgoing,
    state: &[u8],
    response: Result<Response, TransportError>,
) -> Result<Step, Failure> {
    let mut progress: Progress = serde_json::from_slice(state)
        .map_err(|error| Failure::unknown(format!("the state of the send cannot be read: {error}")))?;
    let pieces = pieces(account, &outgoing.content, &outgoing.metadata)?;
    let uploads = pieces.get(progress.sent.len()).is_some_and(|piece| piece.upload.is_some());
    let answered = if uploads && progress.uploaded.is_none() {
        answer::uploaded(response).map(|id| progress.uploaded = Some(id))
    } else {
        answer::sent(response).map(|id| {
            progress.sent.push(id);
            progress.uploaded = None;
        })
    };
    let Err(failure) = answered else { return next(account, outgoing, &pieces, progress, 0) };
    match failure.pause_ms(progress.pauses).filter(|_| !progress.sent.is_empty()) {
        Some(pause) => next(account, outgoing, &pieces, Progress { pauses: progress.pauses + 1, ..progress }, pause),
        None => Err(failure.after_some(progress.sent.len(), pieces.len())),
    }
}

/// The request for the next message, made after `pause` milliseconds.
fn next(
    account: &Account,
    outgoing: &Outgoing,
    pieces: &[Piece<'_>],
    progress: Progress,
    pause: u64,
) -> Result<Step, Failure> {
    let Some(piece) = pieces.get(progress.sent.len()) else { return Ok(Outcome::Sent(progress.sent).into()) };
    let request = match (&piece.upload, &progress.uploaded) {
        (Some((attachment, media)), None) => file::upload(account, attachment, media),
        _ => message(account, outgoing, piece, &progress),
    };
    let state = serde_json::to_vec(&progress).map_err(|error| Failure::rejected(error.to_string()))?;
    let request = request.state(state);
    Ok(if pause == 0 { request } else { request.after(pause) }.into())
}

fn message(account: &Account, outgoing: &Outgoing, piece: &Piece<'_>, progress: &Progress) -> Request {
    let mut message = piece.message.clone();
    if let (Some((attachment, _)), Some(id)) = (&piece.upload, &progress.uploaded) {
        let attachment = file::attachment(attachment.kind, json!({"attachment_id": id}));
        message.insert("attachment".to_owned(), attachment);
    }
    // Comes back in the echo: so our own message is recognised.
    message.insert("metadata".to_owned(), json!(outgoing.id));
    let mut body = recipient(&outgoing.thread);
    body.extend(progress.window.clone());
    body.insert("message".to_owned(), Value::Object(message));
    if let Some(id) = outgoing.reply_to.as_ref().filter(|_| progress.sent.is_empty()) {
        body.insert("reply_to".to_owned(), json!({"mid": id}));
    }
    account.messages(body)
}
