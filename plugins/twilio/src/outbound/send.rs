//! Sending. SMS takes a text with up to ten files as one message; WhatsApp takes one thing per message, so a text with
//! two files becomes two or three.

use super::compose::{Piece, pieces};
use super::{Api, answer, options, recipient};
use crate::settings::Medium;
use crate::wire::CORRELATION;
use patchbay_plugin_sdk::encoding::encode_component;
use patchbay_plugin_sdk::host::{self, Level};
use patchbay_plugin_sdk::{
    Body, Detail, Failure, Outcome, Outgoing, Request, Response, Step, Timestamp, TransportError,
};
use serde::{Deserialize, Serialize};

/// How long after a contact's last message WhatsApp takes more than templates.
pub const WINDOW_MS: u64 = 24 * 60 * 60 * 1000;

/// How far a send has come.
#[derive(Default, Serialize, Deserialize)]
struct Progress {
    /// The messages accepted so far.
    sent: Vec<String>,
    /// How often the rest was put off.
    pauses: u32,
}

pub fn begin(api: &Api<'_>, outgoing: &Outgoing, now: Timestamp) -> Result<Step, Failure> {
    if !is_within_window(api.medium, outgoing, now) {
        return Err(Failure::outside_window(
            "the contact wrote more than 24 hours ago, or never: WhatsApp takes only a template now",
        ));
    }
    next(api, outgoing, &pieces(api.medium, outgoing)?, Progress::default(), 0)
}

fn is_within_window(medium: Medium, outgoing: &Outgoing, now: Timestamp) -> bool {
    let open = |last: Timestamp| now < last.saturating_add(WINDOW_MS);
    medium == Medium::Sms
        || matches!(outgoing.content.detail, Some(Detail::Template(_)))
        || outgoing.last_inbound_at.is_some_and(open)
}

pub fn resume(
    api: &Api<'_>,
    outgoing: &Outgoing,
    state: &[u8],
    response: Result<Response, TransportError>,
) -> Result<Step, Failure> {
    let mut progress: Progress = serde_json::from_slice(state)
        .map_err(|error| Failure::unknown(format!("the state of the send cannot be read: {error}")))?;
    let pieces = pieces(api.medium, outgoing)?;
    let failure = match answer::sent(response) {
        Ok(sid) => {
            progress.sent.push(sid);
            return next(api, outgoing, &pieces, progress, 0);
        }
        Err(failure) => failure,
    };
    match failure.pause_ms(progress.pauses).filter(|_| !progress.sent.is_empty()) {
        Some(pause) => next(api, outgoing, &pieces, Progress { pauses: progress.pauses + 1, ..progress }, pause),
        None => Err(failure.after_some(progress.sent.len(), pieces.len())),
    }
}

/// The request for the next message, made after `pause` milliseconds.
fn next(api: &Api<'_>, outgoing: &Outgoing, pieces: &[Piece], progress: Progress, pause: u64) -> Result<Step, Failure> {
    let Some(piece) = pieces.get(progress.sent.len()) else { return Ok(Outcome::Sent(progress.sent).into()) };
    let state = serde_json::to_vec(&progress).map_err(|error| Failure::rejected(error.to_string()))?;
    let is_last = progress.sent.len() + 1 == pieces.len();
    let request = message(api, outgoing, piece, is_last)?.state(state);
    Ok(if pause == 0 { request } else { request.after(pause) }.into())
}

fn message(api: &Api<'_>, outgoing: &Outgoing, piece: &Piece, is_last: bool) -> Result<Request, Failure> {
    let mut fields = vec![("To".to_owned(), recipient::to(api.medium, &outgoing.to, &outgoing.thread)?)];
    fields.extend(api.settings.sender(api.medium)?);
    fields.extend(piece.iter().cloned());
    // Only what becomes of the last one says that all of them were sent.
    fields.extend(status_callback(&api.channel.webhook_url, is_last.then_some(&outgoing.id)));
    fields.extend(options::fields(&outgoing.metadata, api.settings.has_service())?);
    Ok(api.authorised(Request { body: Body::Form(fields), ..Request::post(api.messages()?) }))
}

/// Where Twilio tells what becomes of the message, so that a lost answer is made up for by the first status. It refuses a
/// whole message over an underscore in the host's name.
fn status_callback(url: &str, correlation: Option<&String>) -> Option<(String, String)> {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default();
    if host.contains('_') {
        let reason = "Twilio calls no host with an underscore in its name, so nothing will be known of this message";
        host::log(Level::Warn, reason);
        return None;
    }
    let joint = if url.contains('?') { '&' } else { '?' };
    let of = |id: &String| format!("{url}{joint}{CORRELATION}={}", encode_component(id));
    Some(("StatusCallback".to_owned(), correlation.map_or_else(|| url.to_owned(), of)))
}
