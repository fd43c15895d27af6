//! Giving X a file, before the message that shows it: a picture at once, anything larger in pieces, after which X may
//! take its time.

use super::answer::Effect;
use super::api::Api;
use super::file::{self, Category};
use crate::wire::{at, id, text};
use patchbay_plugin_sdk::encoding::encode_component;
use patchbay_plugin_sdk::{Attachment, Failure, MediaSource, Part, Request, Response, TransportError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// X takes no larger piece.
const PIECE: u64 = 5_000_000;
/// How often X is asked whether it is done.
const QUESTIONS: u32 = 6;
/// X says how long to wait before the next; at most this long is waited.
const LONGEST_PAUSE_S: u64 = 30;
const TIMEOUT_MS: u32 = 120_000;

/// How far an upload has come: what was asked last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    Whole,
    Begin,
    Append { media: String, segment: u64 },
    Finish { media: String },
    Check { media: String, questions: u32 },
}

pub enum Progress {
    Next(Stage),
    /// X has it, under this identifier.
    Done(String),
}

pub fn first(attachment: &Attachment) -> Result<Stage, Failure> {
    let chunked = category(attachment)?.chunked && attachment.size.is_some_and(|size| size > 0);
    Ok(if chunked { Stage::Begin } else { Stage::Whole })
}

fn category(attachment: &Attachment) -> Result<Category, Failure> {
    file::category(attachment).ok_or_else(|| Failure::unsupported("X does not take this kind of file"))
}

pub fn request(api: &Api<'_>, attachment: &Attachment, stage: &Stage) -> Result<Request, Failure> {
    let post = |path: &str| api.request("POST", path).idempotent().timeout(TIMEOUT_MS);
    let of = |media: &str, what: &str| post(&format!("/2/media/upload/{}/{what}", encode_component(media)));
    let category = category(attachment)?;
    Ok(match stage {
        Stage::Whole => {
            let parts = vec![Part::text("media_category", category.name), media(attachment, None)?];
            post("/2/media/upload").multipart(parts)
        }
        Stage::Begin => post("/2/media/upload/initialize").json(&json!({
            "media_type": file::mime_type(attachment),
            "total_bytes": attachment.size,
            "media_category": category.name,
        })),
        Stage::Append { media, segment } => {
            let index = Part::text("segment_index", segment.to_string());
            of(media, "append").multipart(vec![index, self::media(attachment, Some(*segment))?])
        }
        Stage::Finish { media } => of(media, "finalize"),
        Stage::Check { media, .. } => {
            api.request("GET", "/2/media/upload").query("command", "STATUS").query("media_id", media).idempotent()
        }
    })
}

/// The file, or one piece of it.
fn media(attachment: &Attachment, segment: Option<u64>) -> Result<Part, Failure> {
    let MediaSource::Stored(media) = &attachment.source else {
        return Err(Failure::unsupported("only a file that the engine keeps can be given to X"));
    };
    let part = match (segment, attachment.size) {
        (Some(segment), Some(size)) if size > PIECE => {
            let from = segment * PIECE;
            Part::file_slice("media", media, from..(from + PIECE).min(size))
        }
        _ => Part::file("media", media.clone()),
    };
    let mime_type = file::mime_type(attachment).map(str::to_owned);
    Ok(Part { mime_type, file_name: Some("media".to_owned()), ..part })
}

/// Takes in the answer to what was asked last.
pub fn next(
    api: &Api<'_>,
    attachment: &Attachment,
    stage: Stage,
    response: Result<Response, TransportError>,
) -> Result<Progress, Failure> {
    let effect = Effect::Repeatable;
    match stage {
        Stage::Append { media, segment } => {
            effect.success(response, api.now())?;
            let segment = segment + 1;
            let is_last = attachment.size.is_none_or(|size| segment * PIECE >= size);
            Ok(Progress::Next(if is_last { Stage::Finish { media } } else { Stage::Append { media, segment } }))
        }
        Stage::Begin => {
            let media = effect.id(response, &["data", "id"], api.now())?;
            Ok(Progress::Next(Stage::Append { media, segment: 0 }))
        }
        Stage::Whole => {
            let answer = effect.json(response, api.now())?;
            let media = id(&answer, &["data", "id"]).ok_or_else(|| effect.unreadable("it has no data.id"))?;
            processed(&answer, media, 0)
        }
        Stage::Finish { media } => processed(&effect.json(response, api.now())?, media, 0),
        Stage::Check { media, questions } => processed(&effect.json(response, api.now())?, media, questions),
    }
}

/// Whether X is done with the file.
fn processed(answer: &Value, media: String, questions: u32) -> Result<Progress, Failure> {
    let info = at(answer, &["data", "processing_info"]);
    match text(info, &["state"]) {
        Some("pending" | "in_progress") if questions >= QUESTIONS => {
            Err(Failure::temporary("X has not finished with the file; it is tried again later"))
        }
        Some("pending" | "in_progress") => Ok(Progress::Next(Stage::Check { media, questions: questions + 1 })),
        Some("failed") => {
            let why = ["message", "name"].into_iter().find_map(|name| text(info, &["error", name]));
            Err(Failure::rejected(format!("X cannot use the file: {}", why.unwrap_or("it gave no reason"))))
        }
        _ => Ok(Progress::Done(media)),
    }
}

/// How long X asks to wait before it is asked again.
pub fn pause_ms(response: &Result<Response, TransportError>) -> u64 {
    let answer: Value = response.as_ref().ok().and_then(|response| response.json().ok()).unwrap_or_default();
    let seconds = at(&answer, &["data", "processing_info", "check_after_secs"]).as_u64();
    seconds.unwrap_or(1).min(LONGEST_PAUSE_S) * 1000
}
