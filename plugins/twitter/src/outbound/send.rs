//! Sending. What a text and two files become are two messages, sent one after the other, each file uploaded before.

use super::answer::Effect;
use super::api::Api;
use super::compose::{Piece, pieces};
use super::recipient::Recipient;
use super::{find, upload};
use patchbay_plugin_sdk::{Attachment, Failure, Outcome, Outgoing, Request, Response, Step, Timestamp, TransportError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// How far a send has come.
#[derive(Serialize, Deserialize)]
struct Progress {
    /// The messages sent so far.
    sent: Vec<String>,
    stage: Stage,
    /// The file was given to X a second time.
    again: bool,
}

/// What was asked last.
#[derive(Serialize, Deserialize)]
enum Stage {
    Upload(upload::Stage),
    Send {
        media: Option<String>,
        at: Timestamp,
    },
    /// Whether a message whose answer was lost was sent after all.
    Find {
        at: Timestamp,
        why: String,
    },
}

/// X no longer knows the file, or never did.
const FILE_UNKNOWN: [&str; 2] = ["324", "325"];

pub fn begin(api: &Api<'_>, outgoing: &Outgoing) -> Result<Step, Failure> {
    Recipient::of(outgoing)?;
    piece(api, outgoing, &pieces(outgoing)?, Vec::new())
}

pub fn resume(
    api: &Api<'_>,
    outgoing: &Outgoing,
    state: &[u8],
    response: Result<Response, TransportError>,
) -> Result<Step, Failure> {
    let progress: Progress = serde_json::from_slice(state)
        .map_err(|error| Failure::unknown(format!("the state of the send cannot be read: {error}")))?;
    let pieces = pieces(outgoing)?;
    let sent = progress.sent.len();
    go_on(api, outgoing, &pieces, progress, response).map_err(|failure| failure.after_some(sent, pieces.len()))
}

fn go_on(
    api: &Api<'_>,
    outgoing: &Outgoing,
    pieces: &[Piece<'_>],
    progress: Progress,
    response: Result<Response, TransportError>,
) -> Result<Step, Failure> {
    let Progress { mut sent, stage, again } = progress;
    let current = pieces.get(sent.len()).ok_or_else(|| Failure::unknown("an answer to no message"))?;
    let id = match (stage, current.file) {
        (Stage::Upload(stage), Some(file)) => {
            let pause = upload::pause_ms(&response);
            return match upload::next(api, file, stage, response)? {
                upload::Progress::Next(stage) => upload(api, file, stage, pause, Progress { sent, again, ..fresh() }),
                upload::Progress::Done(media) => message(api, outgoing, current, Some(media), sent, again),
            };
        }
        (Stage::Upload(_), None) => return Err(Failure::unknown("an answer to an upload of no file")),
        (Stage::Send { at, .. }, file) => {
            let unclear = is_unclear(&response);
            match (sent_as(api, current, response), file) {
                (Ok(id), _) => id,
                (Err(failure), _) if unclear => return look(api, outgoing, failure, at, sent),
                (Err(failure), Some(file)) if !again && is_file_unknown(&failure) => {
                    return upload(api, file, upload::first(file)?, 0, Progress { sent, again: true, ..fresh() });
                }
                (Err(failure), _) => return Err(failure),
            }
        }
        (Stage::Find { at, why }, _) => find::found(api, current, at, &sent, response)
            .map_err(|reason| Failure::unknown(format!("{why}; {reason}")))?,
    };
    sent.push(id);
    piece(api, outgoing, pieces, sent)
}

fn fresh() -> Progress {
    Progress { sent: Vec::new(), stage: Stage::Send { media: None, at: 0 }, again: false }
}

/// The first request of the next message; or all of them are sent.
fn piece(api: &Api<'_>, outgoing: &Outgoing, pieces: &[Piece<'_>], sent: Vec<String>) -> Result<Step, Failure> {
    let Some(piece) = pieces.get(sent.len()) else { return Ok(Outcome::Sent(sent).into()) };
    match piece.file {
        Some(file) => upload(api, file, upload::first(file)?, 0, Progress { sent, ..fresh() }),
        None => message(api, outgoing, piece, None, sent, false),
    }
}

fn upload(
    api: &Api<'_>,
    file: &Attachment,
    stage: upload::Stage,
    pause_ms: u64,
    progress: Progress,
) -> Result<Step, Failure> {
    let request = upload::request(api, file, &stage)?;
    let waits = matches!(stage, upload::Stage::Check { .. });
    let state = written(&Progress { stage: Stage::Upload(stage), ..progress })?;
    let request = api.authorised(request.state(state))?;
    Ok(if waits { request.after(pause_ms) } else { request }.into())
}

fn message(
    api: &Api<'_>,
    outgoing: &Outgoing,
    piece: &Piece<'_>,
    media: Option<String>,
    sent: Vec<String>,
    again: bool,
) -> Result<Step, Failure> {
    let recipient = Recipient::of(outgoing)?;
    let request = if piece.extras.is_empty() {
        newer(api, &recipient, piece, media.as_deref())
    } else {
        older(api, &recipient, piece, media.as_deref())
    };
    let state = written(&Progress { sent, stage: Stage::Send { media, at: api.now() }, again })?;
    let request = request.state(state);
    Ok(if piece.extras.is_empty() { api.authorised(request)? } else { api.signed(request)? }.into())
}

fn newer(api: &Api<'_>, recipient: &Recipient, piece: &Piece<'_>, media: Option<&str>) -> Request {
    let mut body = Map::new();
    if let Some(text) = &piece.text {
        body.insert("text".to_owned(), json!(text));
    }
    if let Some(media) = media {
        body.insert("attachments".to_owned(), json!([{"media_id": media}]));
    }
    api.request("POST", &format!("{}/messages", recipient.path())).json(&Value::Object(body))
}

/// The call that knows quick replies and buttons.
fn older(api: &Api<'_>, recipient: &Recipient, piece: &Piece<'_>, media: Option<&str>) -> Request {
    let mut data = piece.extras.clone();
    data.insert("text".to_owned(), json!(piece.text));
    if let Some(media) = media {
        data.insert("attachment".to_owned(), json!({"type": "media", "media": {"id": media}}));
    }
    let created = json!({"target": {"recipient_id": recipient.person()}, "message_data": data});
    let event = json!({"event": {"type": "message_create", "message_create": created}});
    api.request("POST", "/1.1/direct_messages/events/new.json").json(&event)
}

fn sent_as(api: &Api<'_>, piece: &Piece<'_>, response: Result<Response, TransportError>) -> Result<String, Failure> {
    let path: &[&str] = if piece.extras.is_empty() { &["data", "dm_event_id"] } else { &["event", "id"] };
    Effect::Sends.id(response, path, api.now())
}

/// Whether the answer leaves open what became of the message.
fn is_unclear(response: &Result<Response, TransportError>) -> bool {
    match response {
        Ok(response) => response.status == 408 || response.status >= 500,
        Err(error) => matches!(error, TransportError::Unknown(_)),
    }
}

fn is_file_unknown(failure: &Failure) -> bool {
    failure.code.as_deref().is_some_and(|code| FILE_UNKNOWN.contains(&code))
}

/// X knows no identifiers of ours, but it lists what was sent.
fn look(
    api: &Api<'_>,
    outgoing: &Outgoing,
    failure: Failure,
    at: Timestamp,
    sent: Vec<String>,
) -> Result<Step, Failure> {
    let request = find::request(api, &Recipient::of(outgoing)?);
    let stage = Stage::Find { at, why: failure.message };
    Ok(api.authorised(request.state(written(&Progress { sent, stage, again: false })?))?.into())
}

fn written(progress: &Progress) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(progress).map_err(|error| Failure::rejected(error.to_string()))
}
