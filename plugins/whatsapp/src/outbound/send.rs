//! Sending. WhatsApp takes one thing per message, so a text with two files becomes two or three messages; a stored
//! file is uploaded first and sent by its id.

use super::compose::{Piece, pieces};
use super::{Api, answer, file, recipient};
use patchbay_plugin_sdk::{Failure, Outcome, Outgoing, OutgoingReaction, Request, Response, Step, TransportError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// How far a send has come.
#[derive(Default, Serialize, Deserialize)]
struct Progress {
    /// The messages accepted so far.
    sent: Vec<String>,
    /// The file of the next message, where it was uploaded.
    uploaded: Option<String>,
    /// How often the rest was put off.
    #[serde(default)]
    pauses: u32,
}

pub fn begin(api: &Api, outgoing: &Outgoing) -> Result<Step, Failure> {
    next(api, outgoing, &pieces(api.settings.long_text(), outgoing)?, Progress::default(), 0)
}

pub fn resume(
    api: &Api,
    outgoing: &Outgoing,
    state: &[u8],
    response: Result<Response, TransportError>,
) -> Result<Step, Failure> {
    let mut progress: Progress = serde_json::from_slice(state)
        .map_err(|error| Failure::unknown(format!("the state of the send cannot be read: {error}")))?;
    let pieces = pieces(api.settings.long_text(), outgoing)?;
    let uploads = pieces.get(progress.sent.len()).is_some_and(|piece| piece.upload.is_some());
    let answered = if uploads && progress.uploaded.is_none() {
        answer::created(response).map(|id| progress.uploaded = Some(id))
    } else {
        answer::sent(response).map(|id| {
            progress.sent.push(id);
            progress.uploaded = None;
        })
    };
    let Err(failure) = answered else { return next(api, outgoing, &pieces, progress, 0) };
    match failure.pause_ms(progress.pauses).filter(|_| !progress.sent.is_empty()) {
        Some(pause) => next(api, outgoing, &pieces, Progress { pauses: progress.pauses + 1, ..progress }, pause),
        None => Err(failure.after_some(progress.sent.len(), pieces.len())),
    }
}

/// The request for the next message, made after `pause` milliseconds.
fn next(api: &Api, outgoing: &Outgoing, pieces: &[Piece<'_>], progress: Progress, pause: u64) -> Result<Step, Failure> {
    let Some(piece) = pieces.get(progress.sent.len()) else { return Ok(Outcome::Sent(progress.sent).into()) };
    let request = match (&piece.upload, &progress.uploaded) {
        (Some((attachment, media)), None) => file::upload(api, attachment, media),
        (_, uploaded) => message(api, outgoing, piece, uploaded.as_deref(), progress.sent.is_empty())?,
    };
    let state = serde_json::to_vec(&progress).map_err(|error| Failure::rejected(error.to_string()))?;
    let request = request.state(state);
    Ok(if pause == 0 { request } else { request.after(pause) }.into())
}

fn message(
    api: &Api,
    outgoing: &Outgoing,
    piece: &Piece<'_>,
    uploaded: Option<&str>,
    first: bool,
) -> Result<Request, Failure> {
    let mut body = piece.body.clone();
    if let (Some(id), Some(fields)) = (uploaded, body.as_object_mut()) {
        fields.insert("id".to_owned(), json!(id));
    }
    let mut fields = recipient::fields(&outgoing.to, &outgoing.thread)?;
    fields.extend(typed(piece.kind, body));
    fields.insert("biz_opaque_callback_data".to_owned(), json!(outgoing.id));
    if let Some(id) = outgoing.reply_to.as_ref().filter(|_| first) {
        fields.insert("context".to_owned(), json!({"message_id": id}));
    }
    Ok(api.messages(fields))
}

/// A reaction replaces the one before, so it may be sent twice. None takes it back.
pub fn react(api: &Api, reaction: &OutgoingReaction) -> Result<Request, Failure> {
    let mut fields = recipient::fields(&reaction.to, &reaction.message.thread)?;
    let emoji = reaction.emoji.as_deref().unwrap_or_default();
    fields.extend(typed("reaction", json!({"message_id": reaction.message.id, "emoji": emoji})));
    Ok(api.messages(fields).idempotent())
}

fn typed(kind: &str, body: Value) -> Map<String, Value> {
    Map::from_iter([("type".to_owned(), json!(kind)), (kind.to_owned(), body)])
}
