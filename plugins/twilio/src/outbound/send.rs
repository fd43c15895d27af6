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

/// How long after a contact's last message WhatsApp takes more than templates.
const WINDOW_MS: u64 = 24 * 60 * 60 * 1000;

pub fn begin(api: &Api<'_>, outgoing: &Outgoing, now: Timestamp) -> Result<Step, Failure> {
    if !is_within_window(api.medium, outgoing, now) {
        return Err(Failure::outside_window(
            "the contact wrote more than 24 hours ago, or never: WhatsApp takes only a template now",
        ));
    }
    next(api, outgoing, &pieces(api.medium, outgoing)?, Vec::new())
}

/// The manifest has one window for both channel types, and SMS has none.
fn is_within_window(medium: Medium, outgoing: &Outgoing, now: Timestamp) -> bool {
    let open = |last: Timestamp| now < last.saturating_add(WINDOW_MS);
    medium == Medium::Sms
        || matches!(outgoing.content.detail, Some(Detail::Template(_)))
        || outgoing.last_inbound_at.is_some_and(open)
}

/// The state of a send is the messages accepted so far.
pub fn resume(
    api: &Api<'_>,
    outgoing: &Outgoing,
    state: &[u8],
    response: Result<Response, TransportError>,
) -> Result<Step, Failure> {
    let mut sent: Vec<String> = serde_json::from_slice(state)
        .map_err(|error| Failure::unknown(format!("the state of the send cannot be read: {error}")))?;
    let pieces = pieces(api.medium, outgoing)?;
    let sid = answer::sent(response).map_err(|failure| partial(failure, sent.len(), pieces.len()))?;
    sent.push(sid);
    next(api, outgoing, &pieces, sent)
}

/// Once something was sent, sending it all again would repeat it: that is for a person to decide.
fn partial(failure: Failure, sent: usize, all: usize) -> Failure {
    if sent == 0 {
        return failure;
    }
    let message = format!("{sent} of {all} messages were sent, then: {}", failure.message);
    Failure { code: failure.code, ..Failure::unknown(message) }
}

fn next(api: &Api<'_>, outgoing: &Outgoing, pieces: &[Piece], sent: Vec<String>) -> Result<Step, Failure> {
    let Some(piece) = pieces.get(sent.len()) else { return Ok(Outcome::Sent(sent).into()) };
    let state = serde_json::to_vec(&sent).map_err(|error| Failure::rejected(error.to_string()))?;
    let is_last = sent.len() + 1 == pieces.len();
    Ok(message(api, outgoing, piece, is_last)?.state(state).into())
}

fn message(api: &Api<'_>, outgoing: &Outgoing, piece: &Piece, is_last: bool) -> Result<Request, Failure> {
    let mut fields = vec![("To".to_owned(), recipient::to(api.medium, &outgoing.to, &outgoing.thread)?)];
    fields.extend(api.settings.sender(api.medium)?);
    fields.extend(piece.iter().cloned());
    // Only what becomes of the last one says that all of them were sent.
    fields.extend(status_callback(&api.channel.webhook_url, is_last.then_some(&outgoing.id)));
    fields.extend(options::fields(&outgoing.metadata)?);
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
