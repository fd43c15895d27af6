//! What a connector answers. JSON, times and file identifiers are checked here; [`Broken`] says what is wrong.

use std::ops::Range;

use chrono::{DateTime, Utc};
use patchbay_domain::{
    MediaId,
    platform::{
        Acceptance, Attachment, Auth, Body, Choice, Choices, Chunk, Content, DeliveryStatus, Detail, Email, Event,
        Failure, FailureKind, Header, InboundMessage, LimitScope, Location, Manifest, MediaKind, MediaSource,
        MessageEdit, MessageRef, OAuth2, OAuth2Details, Outcome, Part, PartContent, Participant, ParticipantsPage,
        Polled, RateLimit, Reaction, Rejection, Reply, ReportedState, Request, SessionChange, SessionState, Step,
        TemplateStatus, TemplateUse, Typing,
    },
};
use serde_json::Value;

use crate::bindings::patchbay::connector::types as wit;

/// Where an answer breaks the contract.
pub type Broken = String;

/// 10000-01-01: what is later is no time in milliseconds.
const END_OF_TIME: i64 = 253_402_300_800_000;

pub fn manifest(manifest: wit::Manifest) -> Result<Manifest, Broken> {
    let wit::Manifest {
        id,
        name,
        version,
        channel_types,
        config_schema,
        hosts,
        capabilities,
        limits,
        reply_window_ms,
        address_field,
        poll_every_ms,
        oauth2,
    } = manifest;
    let config_schema = json("config-schema", &config_schema)?;
    let oauth2 = oauth2.map(|asked| self::oauth2(asked, &config_schema)).transpose()?;
    Ok(Manifest {
        id,
        name,
        version,
        channel_types,
        config_schema,
        hosts,
        capabilities,
        limits: limits.into_iter().map(rate_limit).collect(),
        reply_window_ms,
        address_field,
        poll_every_ms,
        oauth2,
    })
}

/// What the record has no field for stands in the schema: a record that grows breaks what was built before.
fn oauth2(oauth2: wit::Oauth2, schema: &Value) -> Result<OAuth2, Broken> {
    let wit::Oauth2 { token_url, client_id_field, client_secret, access_token, refresh_token } = oauth2;
    let details = match schema.get(OAuth2::SCHEMA_KEYWORD) {
        Some(details) => serde_json::from_value(details.clone())
            .map_err(|error| format!("config-schema says under \"{}\": {error}", OAuth2::SCHEMA_KEYWORD))?,
        None => OAuth2Details::default(),
    };
    Ok(OAuth2 { token_url, client_id_field, client_secret, access_token, refresh_token, details })
}

fn rate_limit(limit: wit::RateLimit) -> RateLimit {
    let wit::RateLimit { scope: of, permits, per_ms, burst } = limit;
    RateLimit { scope: scope(of), permits, per_ms, burst }
}

fn scope(scope: wit::LimitScope) -> LimitScope {
    match scope {
        wit::LimitScope::Channel => LimitScope::Channel,
        wit::LimitScope::Recipient => LimitScope::Recipient,
    }
}

pub fn acceptance(acceptance: wit::Acceptance) -> Acceptance {
    match acceptance {
        wit::Acceptance::Answer(answer) => Acceptance::Answer(reply(answer)),
        wit::Acceptance::Keep(answer) => Acceptance::Keep(reply(answer)),
    }
}

pub fn rejection(rejection: wit::Rejection) -> Rejection {
    match rejection {
        wit::Rejection::Unauthentic(reason) => Rejection::Unauthentic(reason),
        wit::Rejection::Malformed(reason) => Rejection::Malformed(reason),
    }
}

fn reply(reply: wit::Reply) -> Reply {
    let wit::Reply { status, headers, body } = reply;
    Reply { status, headers: headers.into_iter().map(header).collect(), body }
}

fn header(header: wit::Header) -> Header {
    let wit::Header { name, value } = header;
    Header { name, value }
}

pub fn events(events: Vec<wit::Event>) -> Result<Vec<Event>, Broken> {
    events.into_iter().map(event).collect()
}

fn event(event: wit::Event) -> Result<Event, Broken> {
    Ok(match event {
        wit::Event::Message(message) => Event::Message(inbound(message)?),
        wit::Event::Status(status) => Event::Status(delivery_status(status)?),
        wit::Event::Reaction(wit::Reaction { message, sender, emoji, at }) => Event::Reaction(Reaction {
            message: message_ref(message),
            sender: participant(sender),
            emoji,
            at: time(at)?,
        }),
        wit::Event::MessageEdited(wit::MessageEdit { message, content: new, at }) => {
            Event::MessageEdited(MessageEdit { message: message_ref(message), content: content(new)?, at: time(at)? })
        }
        wit::Event::MessageDeleted(message) => Event::MessageDeleted(message_ref(message)),
        wit::Event::Typing(wit::Typing { thread, on }) => Event::Typing(Typing { thread, on }),
        wit::Event::Session(change) => Event::Session(session_change(change)),
        wit::Event::Template(wit::TemplateStatus { name, language, state, reason }) => {
            Event::Template(TemplateStatus { name, language, state, reason })
        }
        wit::Event::Contact(person) => Event::Contact(participant(person)),
        wit::Event::OptOut(person) => Event::OptOut(participant(person)),
        wit::Event::OptIn(person) => Event::OptIn(participant(person)),
        wit::Event::Ignored(reason) => Event::Ignored(reason),
    })
}

fn inbound(message: wit::Message) -> Result<InboundMessage, Broken> {
    let wit::Message { id, thread, group, sender, echo, correlation, sent_at, content: what, reply_to, metadata } =
        message;
    Ok(InboundMessage {
        id,
        thread,
        group,
        sender: participant(sender),
        echo,
        correlation,
        sent_at: time(sent_at)?,
        content: content(what)?,
        reply_to,
        metadata: json("metadata", &metadata)?,
    })
}

fn delivery_status(status: wit::DeliveryStatus) -> Result<DeliveryStatus, Broken> {
    let wit::DeliveryStatus { id, correlation, thread, up_to, state, at, failure: why } = status;
    Ok(DeliveryStatus {
        id,
        correlation,
        thread,
        up_to: up_to.map(time).transpose()?,
        state: match state {
            wit::DeliveryState::Accepted => ReportedState::Accepted,
            wit::DeliveryState::Sent => ReportedState::Sent,
            wit::DeliveryState::Delivered => ReportedState::Delivered,
            wit::DeliveryState::Read => ReportedState::Read,
            wit::DeliveryState::Failed => ReportedState::Failed,
        },
        at: time(at)?,
        failure: why.map(failure),
    })
}

fn session_change(change: wit::SessionChange) -> SessionChange {
    let wit::SessionChange { state, phone, reason } = change;
    let state = match state {
        wit::SessionState::Stopped => SessionState::Stopped,
        wit::SessionState::Starting => SessionState::Starting,
        wit::SessionState::AwaitingQr => SessionState::AwaitingQr,
        wit::SessionState::AwaitingCode => SessionState::AwaitingCode,
        wit::SessionState::Connected => SessionState::Connected,
        wit::SessionState::Disconnected => SessionState::Disconnected,
        wit::SessionState::Failed => SessionState::Failed,
    };
    SessionChange { state, phone, reason }
}

fn message_ref(message: wit::MessageRef) -> MessageRef {
    let wit::MessageRef { thread, id } = message;
    MessageRef { thread, id }
}

fn participant(person: wit::Participant) -> Participant {
    let wit::Participant { id, aliases, name, phone, email, username, avatar_url } = person;
    Participant { id, aliases, name, phone, email, username, avatar_url }
}

pub fn content(content: wit::Content) -> Result<Content, Broken> {
    let wit::Content { text, attachments, detail: more } = content;
    Ok(Content {
        text,
        attachments: attachments.into_iter().map(attachment).collect::<Result<_, _>>()?,
        detail: more.map(detail).transpose()?,
    })
}

fn attachment(attachment: wit::Attachment) -> Result<Attachment, Broken> {
    let wit::Attachment { kind, source, mime_type, file_name, size, caption, public_url } = attachment;
    let kind = match kind {
        wit::MediaKind::Image => MediaKind::Image,
        wit::MediaKind::Video => MediaKind::Video,
        wit::MediaKind::Audio => MediaKind::Audio,
        wit::MediaKind::Voice => MediaKind::Voice,
        wit::MediaKind::Document => MediaKind::Document,
        wit::MediaKind::Sticker => MediaKind::Sticker,
    };
    let source = match source {
        wit::MediaSource::Platform(reference) => MediaSource::Platform(reference),
        wit::MediaSource::Url(url) => MediaSource::Url(url),
        wit::MediaSource::Stored(id) => MediaSource::Stored(media_id(&id)?),
    };
    Ok(Attachment { kind, source, mime_type, file_name, size, caption, public_url })
}

fn detail(detail: wit::Detail) -> Result<Detail, Broken> {
    Ok(match detail {
        wit::Detail::Location(wit::Location { latitude, longitude, name, address }) => {
            Detail::Location(Location { latitude, longitude, name, address })
        }
        wit::Detail::Contacts(people) => Detail::Contacts(people.into_iter().map(participant).collect()),
        wit::Detail::Choice(chosen) => Detail::Choice(choice(chosen)),
        wit::Detail::Choices(wit::Choices { items, button, header, footer }) => {
            Detail::Choices(Choices { items: items.into_iter().map(choice).collect(), button, header, footer })
        }
        wit::Detail::Template(wit::TemplateUse { name, language, parameters }) => {
            Detail::Template(TemplateUse { name, language, parameters: json("parameters", &parameters)? })
        }
        wit::Detail::Email(mail) => Detail::Email(email(mail)),
        wit::Detail::Unsupported(raw) => Detail::Unsupported(json("unsupported", &raw)?),
    })
}

fn choice(choice: wit::Choice) -> Choice {
    let wit::Choice { id, title, description } = choice;
    Choice { id, title, description }
}

fn email(email: wit::Email) -> Email {
    let wit::Email { from_name, from_address, cc, bcc, subject, html, references, auto_reply } = email;
    Email { from_name, from_address, cc, bcc, subject, html, references, auto_reply }
}

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
        wit::Chunk::Media(id) => Chunk::Media(media_id(&id)?),
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

fn failure(failure: wit::Failure) -> Failure {
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

fn time(milliseconds: u64) -> Result<DateTime<Utc>, Broken> {
    i64::try_from(milliseconds)
        .ok()
        .filter(|milliseconds| *milliseconds < END_OF_TIME)
        .and_then(DateTime::from_timestamp_millis)
        .ok_or_else(|| format!("{milliseconds} is no time in milliseconds"))
}

fn json(field: &str, text: &str) -> Result<Value, Broken> {
    serde_json::from_str(text).map_err(|error| format!("{field} is not JSON: {error}"))
}

fn media_id(id: &str) -> Result<MediaId, Broken> {
    id.parse().map_err(|_| "a media-id is not one that the engine gave".to_owned())
}

/// Both ends are included, as in HTTP.
fn byte_range(text: &str) -> Result<Range<u64>, Broken> {
    let ends = text.split_once('-').and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    let range = ends.and_then(|(from, to): (u64, u64)| Some(from..to.checked_add(1)?));
    range.filter(|range| !range.is_empty()).ok_or_else(|| format!("{text:?} are no bytes of a file, such as 0-499"))
}
