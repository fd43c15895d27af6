//! How a command is carried out: requests until there is an outcome.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Event, Header, LimitScope, Participant, SessionChange};
use crate::MediaId;

#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Request(Request),
    Done(Outcome),
    Failed(Failure),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    pub url: String,
    pub headers: Vec<Header>,
    pub auth: Auth,
    pub body: Body,
    pub timeout_ms: Option<u32>,
    pub save_body: bool,
    pub idempotent: bool,
    pub state: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    None,
    Bearer(String),
    Basic(String, String),
    Header(String, String),
    Query(String, String),
    Path(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    Empty,
    Bytes(Vec<u8>),
    Form(Vec<(String, String)>),
    Multipart(Vec<Part>),
    Chunks(Vec<Chunk>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    pub content: PartContent,
    pub file_name: Option<String>,
    pub mime_type: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartContent {
    Bytes(Vec<u8>),
    Media(MediaId),
    /// Some of its bytes.
    MediaSlice(MediaId, Range<u64>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chunk {
    Bytes(Vec<u8>),
    Media(MediaId),
    MediaBase64(MediaId),
    /// The value of the secret of this name, as it stands within a text of JSON.
    Secret(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<Header>,
    pub body: Vec<u8>,
    pub saved: Option<MediaId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportError {
    NotSent(String),
    Unknown(String),
    Refused(String),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Sent(Vec<String>),
    Ok,
    Media(MediaId),
    Polled(Polled),
    Profile(Participant),
    Contacts(ParticipantsPage),
    Templates(Value),
    Session(SessionChange),
    Qr(Vec<u8>),
    PairingCode(String),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Polled {
    pub events: Vec<Event>,
    pub cursor: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParticipantsPage {
    pub items: Vec<Participant>,
    pub cursor: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: FailureKind,
    pub code: Option<String>,
    pub message: String,
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
    #[serde(default)]
    pub scope: Option<LimitScope>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    Temporary,
    RateLimited,
    Rejected,
    Unreachable,
    OutsideWindow,
    Blocked,
    Unauthorized,
    Unsupported,
    Unknown,
}

impl FailureKind {
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Temporary => "temporary",
            Self::RateLimited => "rate_limited",
            Self::Rejected => "rejected",
            Self::Unreachable => "unreachable",
            Self::OutsideWindow => "outside_window",
            Self::Blocked => "blocked",
            Self::Unauthorized => "unauthorized",
            Self::Unsupported => "unsupported",
            Self::Unknown => "unknown",
        }
    }
}
