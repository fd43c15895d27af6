//! What a connector wants next, and what came of a command.

use std::ops::Range;

use patchbay_domain::platform::{
    Auth, Body, Chunk, Failure, FailureKind, Outcome, Part, PartContent, ParticipantsPage, Polled, Request, Step,
};

use super::{
    Broken,
    events::{events, participant, session_change},
    header, json, media_id, scope,
};
use crate::bindings::patchbay::connector::types as wit;

pub fn step(step: wit::Step) -> Result<Step, Broken> {
    Ok(match step {
        wit::Step::Request(what) => Step::Request(request(what)?),
        wit::Step::Done(what) => Step::Done(outcome(what)?),
        wit::Step::Failed(why) => Step::Failed(failure(why)),
    })
}

fn request(request: wit::Request) -> Result<Request, Broken> {
    let wit::Request { method, url, headers, auth, body, timeout_ms, save_body, idempotent, state } = request;
    let auth = match auth {
        wit::Auth::None => Auth::None,
        wit::Auth::Bearer(secret) => Auth::Bearer(secret),
        wit::Auth::Basic((user, secret)) => Auth::Basic(user, secret),
        wit::Auth::Header((name, secret)) => Auth::Header(name, secret),
        wit::Auth::Query((name, secret)) => Auth::Query(name, secret),
        wit::Auth::Path(secret) => Auth::Path(secret),
    };
    let body = match body {
        wit::Body::Empty => Body::Empty,
        wit::Body::Bytes(bytes) => Body::Bytes(bytes),
        wit::Body::Form(fields) => Body::Form(fields),
        wit::Body::Multipart(parts) => Body::Multipart(parts.into_iter().map(part).collect::<Result<_, _>>()?),
        wit::Body::Chunks(chunks) => Body::Chunks(chunks.into_iter().map(chunk).collect::<Result<_, _>>()?),
    };
    let headers = headers.into_iter().map(header).collect();
    Ok(Request { method, url, headers, auth, body, timeout_ms, save_body, idempotent, state })
}

fn part(part: wit::Part) -> Result<Part, Broken> {
    let wit::Part { name, content, file_name, mime_type } = part;
    let content = match content {
        wit::PartContent::Bytes(bytes) => PartContent::Bytes(bytes),
        wit::PartContent::Media(id) => match id.split_once("#bytes=") {
            Some((id, bytes)) => PartContent::MediaSlice(media_id(id)?, byte_range(bytes)?),
            None => PartContent::Media(media_id(&id)?),
        },
    };
    Ok(Part { name, content, file_name, mime_type })
}

fn chunk(chunk: wit::Chunk) -> Result<Chunk, Broken> {
    Ok(match chunk {
        wit::Chunk::Bytes(bytes) => Chunk::Bytes(bytes),
        wit::Chunk::Media(id) => match id.strip_prefix("#secret=") {
            Some(name) => Chunk::Secret(name.to_owned()),
            None => Chunk::Media(media_id(&id)?),
        },
        wit::Chunk::MediaBase64(id) => Chunk::MediaBase64(media_id(&id)?),
    })
}

fn outcome(outcome: wit::Outcome) -> Result<Outcome, Broken> {
    Ok(match outcome {
        wit::Outcome::Sent(ids) => Outcome::Sent(ids),
        wit::Outcome::Ok => Outcome::Ok,
        wit::Outcome::Media(id) => Outcome::Media(media_id(&id)?),
        wit::Outcome::Polled(wit::Polled { events: new, cursor }) => {
            Outcome::Polled(Polled { events: events(new)?, cursor })
        }
        wit::Outcome::Profile(person) => Outcome::Profile(participant(person)),
        wit::Outcome::Contacts(wit::ParticipantsPage { items, cursor }) => {
            Outcome::Contacts(ParticipantsPage { items: items.into_iter().map(participant).collect(), cursor })
        }
        wit::Outcome::Templates(templates) => Outcome::Templates(json("templates", &templates)?),
        wit::Outcome::Session(change) => Outcome::Session(session_change(change)),
        wit::Outcome::Qr(image) => Outcome::Qr(image),
        wit::Outcome::PairingCode(code) => Outcome::PairingCode(code),
    })
}

pub(super) fn failure(failure: wit::Failure) -> Failure {
    let wit::Failure { kind, code, message, retry_after_ms, scope: of } = failure;
    let kind = match kind {
        wit::FailureKind::Temporary => FailureKind::Temporary,
        wit::FailureKind::RateLimited => FailureKind::RateLimited,
        wit::FailureKind::Rejected => FailureKind::Rejected,
        wit::FailureKind::Unreachable => FailureKind::Unreachable,
        wit::FailureKind::OutsideWindow => FailureKind::OutsideWindow,
        wit::FailureKind::Blocked => FailureKind::Blocked,
        wit::FailureKind::Unauthorized => FailureKind::Unauthorized,
        wit::FailureKind::Unsupported => FailureKind::Unsupported,
        wit::FailureKind::Unknown => FailureKind::Unknown,
    };
    Failure { kind, code, message, retry_after_ms, scope: of.map(scope) }
}

/// Both ends are included, as in HTTP.
fn byte_range(text: &str) -> Result<Range<u64>, Broken> {
    let ends = text.split_once('-').and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    let range = ends.and_then(|(from, to): (u64, u64)| Some(from..to.checked_add(1)?));
    range.filter(|range| !range.is_empty()).ok_or_else(|| format!("{text:?} are no bytes of a file, such as 0-499"))
}
