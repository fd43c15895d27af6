//! What connectors and the engine say to each other, as the engine keeps it:
//! the types of `plugin-sdk/wit/connector.wit`, serialisable and free of
//! wasmtime. `plugin-host` translates between the two, field by field.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::MediaId;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub id: String,
    pub name: String,
    pub version: String,
    pub channel_types: Vec<String>,
    pub config_schema: Value,
    pub hosts: Vec<String>,
    pub capabilities: Vec<String>,
    pub limits: Vec<RateLimit>,
    pub reply_window_ms: Option<u64>,
    pub address_field: Option<String>,
    pub poll_every_ms: Option<u64>,
    pub oauth2: Option<OAuth2>,
}

impl Manifest {
    #[must_use]
    pub fn can(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|known| known == capability)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OAuth2 {
    pub token_url: String,
    pub client_id_field: String,
    pub client_secret: String,
    pub access_token: String,
    pub refresh_token: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateLimit {
    pub scope: LimitScope,
    pub permits: u32,
    pub per_ms: u64,
    #[serde(default)]
    pub burst: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitScope {
    Channel,
    Recipient,
}

// ── webhooks in ─────────────────────────────────────────────────────────────

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub name: String,
    pub value: String,
}

/// A webhook exactly as it arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    pub method: String,
    pub url: String,
    pub headers: Vec<Header>,
    #[serde(with = "crate::bytes")]
    pub body: Vec<u8>,
    pub received_at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<Header>,
    pub body: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// Answer, and keep nothing.
    Answer(Reply),
    /// Store it durably, then answer.
    Keep(Reply),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    Unauthentic(String),
    Malformed(String),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "most events are messages: boxing them would cost more than it saves")]
pub enum Event {
    Message(InboundMessage),
    Status(DeliveryStatus),
    Reaction(Reaction),
    MessageEdited(MessageEdit),
    MessageDeleted(MessageRef),
    Typing(Typing),
    Session(SessionChange),
    Template(TemplateStatus),
    Contact(Participant),
    OptOut(Participant),
    OptIn(Participant),
    Ignored(String),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Participant {
    pub id: String,
    pub aliases: Vec<String>,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub username: Option<String>,
    pub avatar_url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRef {
    pub thread: String,
    pub id: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InboundMessage {
    pub id: String,
    pub thread: String,
    pub group: bool,
    pub sender: Participant,
    pub echo: bool,
    pub correlation: Option<String>,
    pub sent_at: DateTime<Utc>,
    pub content: Content,
    pub reply_to: Option<String>,
    pub metadata: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Content {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Detail>,
}

impl Content {
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    /// One word for what a message is, as lists and filters show it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match (&self.detail, self.attachments.first()) {
            (Some(Detail::Location(_)), _) => "location",
            (Some(Detail::Contacts(_)), _) => "contact",
            (Some(Detail::Template(_)), _) => "template",
            (Some(Detail::Choice(_) | Detail::Choices(_)), _) => "interactive",
            (Some(Detail::Email(_)), _) => "email",
            (Some(Detail::Unsupported(_)), _) => "unsupported",
            (None, Some(attachment)) => attachment.kind.word(),
            (None, None) => "text",
        }
    }

    /// What a list shows of it: its text, else its caption, else its kind in brackets.
    #[must_use]
    pub fn preview(&self) -> String {
        let caption = || self.attachments.iter().find_map(|attachment| attachment.caption.clone());
        let title = || match &self.detail {
            Some(Detail::Choice(choice)) => Some(choice.title.clone()),
            Some(Detail::Email(email)) => Some(email.subject.clone()),
            Some(Detail::Template(template)) => Some(template.name.clone()),
            _ => None,
        };
        self.text.clone().or_else(caption).or_else(title).unwrap_or_else(|| format!("[{}]", self.kind()))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.as_deref().is_none_or(|text| text.trim().is_empty())
            && self.attachments.is_empty()
            && self.detail.is_none()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    Image,
    Video,
    Audio,
    Voice,
    Document,
    Sticker,
}

impl MediaKind {
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Voice => "voice",
            Self::Document => "document",
            Self::Sticker => "sticker",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub kind: MediaKind,
    pub source: MediaSource,
    #[serde(default)]
    pub mime_type: Option<String>,
    #[serde(default)]
    pub file_name: Option<String>,
    #[serde(default)]
    pub size: Option<u64>,
    #[serde(default)]
    pub caption: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaSource {
    Platform(String),
    Url(String),
    Stored(MediaId),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    Location(Location),
    Contacts(Vec<Participant>),
    Choice(Choice),
    Choices(Choices),
    Template(TemplateUse),
    Email(Email),
    Unsupported(Value),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Location {
    pub latitude: f64,
    pub longitude: f64,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub address: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub id: String,
    pub title: String,
    #[serde(default)]
    pub description: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choices {
    pub items: Vec<Choice>,
    pub button: Option<String>,
    pub header: Option<String>,
    pub footer: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TemplateUse {
    pub name: String,
    pub language: String,
    #[serde(default)]
    pub parameters: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Email {
    pub from_name: Option<String>,
    pub from_address: Option<String>,
    pub cc: Vec<String>,
    pub bcc: Vec<String>,
    pub subject: String,
    pub html: Option<String>,
    pub references: Vec<String>,
    pub auto_reply: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    pub message: MessageRef,
    pub sender: Participant,
    pub emoji: Option<String>,
    pub at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageEdit {
    pub message: MessageRef,
    pub content: Content,
    pub at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typing {
    pub thread: String,
    pub on: bool,
}

/// What a platform reports of a message we sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportedState {
    Accepted,
    Sent,
    Delivered,
    Read,
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryStatus {
    pub id: Option<String>,
    pub correlation: Option<String>,
    pub thread: Option<String>,
    pub up_to: Option<DateTime<Utc>>,
    pub state: ReportedState,
    pub at: DateTime<Utc>,
    pub failure: Option<Failure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    Stopped,
    Starting,
    AwaitingQr,
    AwaitingCode,
    Connected,
    Disconnected,
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionChange {
    pub state: SessionState,
    pub phone: Option<String>,
    pub reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateStatus {
    pub name: String,
    pub language: String,
    pub state: String,
    pub reason: Option<String>,
}

// ── commands out ────────────────────────────────────────────────────────────

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Send(Outgoing),
    React(OutgoingReaction),
    Edit(OutgoingEdit),
    Delete(MessageRef),
    MarkRead(Vec<MessageRef>),
    SetTyping(TypingSignal),
    TestConnection,
    RegisterWebhook,
    FetchMedia(String),
    FetchProfile(String),
    ListContacts(Option<String>),
    ListTemplates,
    SubmitTemplate(Value),
    Poll(Option<String>),
    SessionStart,
    SessionStop,
    SessionRestart,
    SessionLogout,
    SessionStatus,
    Qr,
    PairingCode(String),
}

impl Command {
    /// A word for logs and metrics.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Send(_) => "send",
            Self::React(_) => "react",
            Self::Edit(_) => "edit",
            Self::Delete(_) => "delete",
            Self::MarkRead(_) => "mark_read",
            Self::SetTyping(_) => "set_typing",
            Self::TestConnection => "test_connection",
            Self::RegisterWebhook => "register_webhook",
            Self::FetchMedia(_) => "fetch_media",
            Self::FetchProfile(_) => "fetch_profile",
            Self::ListContacts(_) => "list_contacts",
            Self::ListTemplates => "list_templates",
            Self::SubmitTemplate(_) => "submit_template",
            Self::Poll(_) => "poll",
            Self::SessionStart => "session_start",
            Self::SessionStop => "session_stop",
            Self::SessionRestart => "session_restart",
            Self::SessionLogout => "session_logout",
            Self::SessionStatus => "session_status",
            Self::Qr => "qr",
            Self::PairingCode(_) => "pairing_code",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    pub id: String,
    pub to: Participant,
    pub thread: String,
    pub content: Content,
    pub reply_to: Option<String>,
    pub last_inbound_at: Option<DateTime<Utc>>,
    pub metadata: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingReaction {
    pub message: MessageRef,
    pub to: Participant,
    pub emoji: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct OutgoingEdit {
    pub message: MessageRef,
    pub to: Participant,
    pub content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypingSignal {
    pub thread: String,
    pub on: bool,
    pub last_message: Option<String>,
}

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
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chunk {
    Bytes(Vec<u8>),
    Media(MediaId),
    MediaBase64(MediaId),
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
