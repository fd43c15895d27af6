//! Any value of the contract as JSON: the same for the same value, and short, so that a person can review it. What is
//! absent, empty or false is left out, and JSON inside strings or bytes is shown as JSON.
//!
//! A record lists its fields here, so a new field in the contract breaks this file until it is shown too.

use super::coverage;
use crate::types::{
    Acceptance, Attachment, Auth, Body, Choice, Choices, Chunk, Content, DeliveryState, DeliveryStatus, Detail, Email,
    Event, Failure, FailureKind, Header, LimitScope, Location, Manifest, MediaKind, MediaSource, Message, MessageEdit,
    MessageRef, Oauth2, Outcome, Part, PartContent, Participant, ParticipantsPage, Polled, RateLimit, Reaction,
    Rejection, Reply, Request, SessionChange, SessionState, Step, TemplateStatus, TemplateUse, Typing,
};
use serde_json::{Map, Value, json};

/// A value of the contract that can be shown as JSON.
pub trait Snapshot {
    fn snapshot(&self) -> Value;
}

/// The value as JSON, for `insta::assert_json_snapshot!`.
pub fn snapshot(value: &(impl Snapshot + ?Sized)) -> Value {
    value.snapshot()
}

macro_rules! plain {
    ($($type:ty),*) => { $(impl Snapshot for $type {
        fn snapshot(&self) -> Value {
            json!(self)
        }
    })* };
}

plain!(String, bool, u16, u32, u64, f64);

impl<T: Snapshot> Snapshot for Option<T> {
    fn snapshot(&self) -> Value {
        self.as_ref().map_or(Value::Null, Snapshot::snapshot)
    }
}

impl<T: Snapshot> Snapshot for [T] {
    fn snapshot(&self) -> Value {
        self.iter().map(Snapshot::snapshot).collect()
    }
}

impl<T: Snapshot> Snapshot for Vec<T> {
    fn snapshot(&self) -> Value {
        self.as_slice().snapshot()
    }
}

impl<A: Snapshot, B: Snapshot> Snapshot for (A, B) {
    fn snapshot(&self) -> Value {
        json!([self.0.snapshot(), self.1.snapshot()])
    }
}

impl<T: Snapshot, E: Snapshot> Snapshot for Result<T, E> {
    fn snapshot(&self) -> Value {
        match self {
            Ok(value) => json!({"ok": value.snapshot()}),
            Err(error) => json!({"error": error.snapshot()}),
        }
    }
}

impl Snapshot for Vec<u8> {
    fn snapshot(&self) -> Value {
        match std::str::from_utf8(self) {
            Ok(text) => embedded(text),
            Err(_) => json!({"hex": crate::encoding::to_hex(self)}),
        }
    }
}

/// JSON where the text is an object or a list, else the text.
fn embedded(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => value,
        _ => json!(text),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// `AwaitingQr` as the contract writes it: `awaiting-qr`.
pub(super) fn kebab(name: &str) -> String {
    let dashed = name.chars().enumerate().flat_map(|(position, letter)| {
        let dash = (position > 0 && letter.is_ascii_uppercase()).then_some('-');
        dash.into_iter().chain(std::iter::once(letter.to_ascii_lowercase()))
    });
    dashed.collect()
}

macro_rules! records {
    ($($type:ident { $($field:ident),* $(; json $($document:ident),*)? })*) => { $(impl Snapshot for $type {
        fn snapshot(&self) -> Value {
            let $type { $($field,)* $($($document,)*)? } = self;
            let fields = [
                $((stringify!($field), $field.snapshot()),)*
                $($((stringify!($document), embedded($document)),)*)?
            ];
            let shown = fields.into_iter().filter(|(_, value)| !is_nothing(value));
            Value::Object(shown.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
        }
    })* };
}

macro_rules! shown {
    ($case:ident) => {
        json!(kebab(stringify!($case)))
    };
    ($case:ident plain $value:ident) => {
        json!({ kebab(stringify!($case)): $value.snapshot() })
    };
    ($case:ident json $document:ident) => {
        json!({ kebab(stringify!($case)): embedded($document) })
    };
}

/// `Case`, `Case(value)`, or `Case[document]` where the value is JSON.
macro_rules! variants {
    ($($type:ident { $($case:ident $(($value:ident))? $([$document:ident])?),* $(,)? })*) => { $(impl Snapshot for $type {
        fn snapshot(&self) -> Value {
            match self {
                $(Self::$case $(($value))? $(($document))? => {
                    coverage::seen(stringify!($type), &kebab(stringify!($case)));
                    shown!($case $(plain $value)? $(json $document)?)
                })*
            }
        }
    })* };
}

records! {
    Manifest {
        id, name, version, channel_types, hosts, capabilities, limits, reply_window_ms, address_field, poll_every_ms, oauth2;
        json config_schema
    }
    Oauth2 { token_url, client_id_field, client_secret, access_token, refresh_token }
    RateLimit { scope, permits, per_ms, burst }
    Header { name, value }
    Reply { status, headers, body }
    Participant { id, aliases, name, phone, email, username, avatar_url }
    MessageRef { thread, id }
    Message { id, thread, group, sender, echo, correlation, sent_at, content, reply_to; json metadata }
    Content { text, attachments, detail }
    Attachment { kind, source, mime_type, file_name, size, caption, public_url }
    Location { latitude, longitude, name, address }
    Choice { id, title, description }
    Choices { items, button, header, footer }
    TemplateUse { name, language; json parameters }
    Email { from_name, from_address, cc, bcc, subject, html, references, auto_reply }
    Reaction { message, sender, emoji, at }
    MessageEdit { message, content, at }
    Typing { thread, on }
    DeliveryStatus { id, correlation, thread, up_to, state, at, failure }
    SessionChange { state, phone, reason }
    TemplateStatus { name, language, state, reason }
    Failure { kind, code, message, retry_after_ms, scope }
    Request { method, url, headers, auth, body, timeout_ms, save_body, idempotent, state }
    Part { name, content, file_name, mime_type }
    Polled { events, cursor }
    ParticipantsPage { items, cursor }
}

variants! {
    LimitScope { Channel, Recipient }
    Acceptance { Answer(reply), Keep(reply) }
    Rejection { Unauthentic(reason), Malformed(reason) }
    Event {
        Message(message), Status(status), Reaction(reaction), MessageEdited(edit), MessageDeleted(message), Typing(typing),
        Session(change), Template(status), Contact(participant), OptOut(participant), OptIn(participant), Ignored(reason),
    }
    MediaKind { Image, Video, Audio, Voice, Document, Sticker }
    MediaSource { Platform(id), Url(url), Stored(media) }
    Detail {
        Location(location), Contacts(contacts), Choice(choice), Choices(choices), Template(template), Email(email),
        Unsupported[document],
    }
    DeliveryState { Accepted, Sent, Delivered, Read, Failed }
    SessionState { Stopped, Starting, AwaitingQr, AwaitingCode, Connected, Disconnected, Failed }
    FailureKind {
        Temporary, RateLimited, Rejected, Unreachable, OutsideWindow, Blocked, Unauthorized, Unsupported, Unknown,
    }
    Step { Request(request), Done(outcome), Failed(failure) }
    Auth { None, Bearer(secret), Basic(pair), Header(pair), Query(pair), Path(secret) }
    Body { Empty, Bytes(bytes), Form(fields), Multipart(parts), Chunks(chunks) }
    PartContent { Bytes(bytes), Media(media) }
    Chunk { Bytes(bytes), Media(media), MediaBase64(media) }
    Outcome {
        Sent(ids), Ok, Media(media), Polled(polled), Profile(participant), Contacts(page), Templates[document],
        Session(change), Qr(bytes), PairingCode(code),
    }
}

#[cfg(test)]
mod tests {
    use super::snapshot;
    use crate::types::{Content, Detail, Event, Message, Outcome, Participant, SessionChange, SessionState};
    use serde_json::json;

    #[test]
    fn only_what_is_there_is_shown() {
        let sender = Participant { name: Some("Ada".to_owned()), ..Participant::new("7") };
        let content =
            Content { detail: Some(Detail::Unsupported(r#"{"type":"order"}"#.to_owned())), ..Content::empty() };
        let event = Event::Message(Message { echo: true, ..Message::new("1", sender, 5, content) });
        let expected = json!({"message": {
            "id": "1",
            "thread": "7",
            "sender": {"id": "7", "name": "Ada"},
            "echo": true,
            "sent_at": 5,
            "content": {"detail": {"unsupported": {"type": "order"}}},
        }});
        assert_eq!(snapshot(&event), expected);
    }

    #[test]
    fn names_are_those_of_the_contract() {
        assert_eq!(
            snapshot(&Event::Session(SessionChange::new(SessionState::AwaitingQr))),
            json!({"session": {"state": "awaiting-qr"}})
        );
        assert_eq!(snapshot(&Outcome::Ok), json!("ok"));
        assert_eq!(snapshot(&Outcome::Qr(vec![0xff, 0])), json!({"qr": {"hex": "ff00"}}));
    }
}
